# A product of 4 x 4 matrices on a 4 x 4 array whose weights stay.
input a : i8[4, 4]
input w : i8[4, 4]
unified a@ub : i8[4, 4]
unified c@ub : i32[4, 4]
output c : i32[4, 4]

read a@ub = a                signal arrived
fetch w
load
multiply acc[0] = a@ub       wait arrived  signal summed
vector c@ub = acc[0]         wait summed   signal worked
write c = c@ub               wait worked
