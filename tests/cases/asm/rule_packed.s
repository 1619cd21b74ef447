input w : i8[16, 4]
input a : i8[4, 16]
unified a@ub : i8[4, 16]
output y : i32[4, 4]
fetch w[0:8] packed 2 of 4
load
multiply acc[0] = a@ub[:, 0:8]
