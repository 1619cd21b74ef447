input a : i8[4, 4]
unified a@ub : i8[4, 4]
read a@ub = a signal arrived
fetch a
load
multiply acc[99999999] = a@ub wait arrived
