declare module 'virtual:docs-sections' {
  const sections: import('../docs-plugin').SearchedSection[];
  export default sections;
}
