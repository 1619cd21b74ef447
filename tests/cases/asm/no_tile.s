unified a@ub : i8[4, 4]
multiply acc[0] = a@ub
