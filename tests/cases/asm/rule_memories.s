input a : i8[4, 4]
unified a@ub : i8[4, 4]
write a@ub = a
read.1 a@ub = a
host a@ub = a
