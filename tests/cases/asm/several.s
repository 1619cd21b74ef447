input a : i8[4, 4
unified b : i9[4, 4]
fetch a
fetch c
load 3
