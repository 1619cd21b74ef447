input a : i8[4, 4]
unified a@ub : i8[4, 4]
read a@ub = a  signal arrived
fetch a
fetch a
fetch a
fetch a
fetch a
fetch a
fetch a
fetch a
fetch a  signal all
load  wait all
multiply acc[0] = a@ub tile i8 by 4  wait arrived
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
load
multiply acc[0] = a@ub
