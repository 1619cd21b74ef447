input a : i8[4, 4]
unified a@ub : i8[4, 4]
read a@ub[0:2] = a
