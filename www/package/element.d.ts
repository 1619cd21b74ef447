// Importing it defines <systolic-array>. It exports nothing.
export {};
