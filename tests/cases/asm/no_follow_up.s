input a : i8[4, 4]
unified a@ub : i8[4, 4]
unified c@ub : i32[4, 4]
read a@ub = a[0:4, 0:5] signal arrived
fetch a[0:4, 0:5]
load
multiply acc[0] = a@ub wait arrived signal summed
vector c@ub = acc[0] wait summed
