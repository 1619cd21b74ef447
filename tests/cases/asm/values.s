input a : i8[2, 2] = 1, 2, 3
input b : i8[2, 2] = 1, 200, 3, 4
input c : i8[2, 2] = 1.5
unified d : i8[4] = 3
