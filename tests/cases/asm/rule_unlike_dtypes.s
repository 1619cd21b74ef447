input a : i8[4, 4]
unified a@ub : bf16[4, 4]
read a@ub = a
