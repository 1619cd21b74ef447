input a : i8[4, 4]
unified a@ub : i8[4, 4]
read a@ub = a signal in
fetch a
load
repeat 2 as i {
  multiply acc[4*i] = a@ub wait in
}
