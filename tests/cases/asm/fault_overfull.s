input a : i8[8, 4]
unified a@ub : i8[8, 4] holds 16
output b : i8[8, 4]
repeat 2 as i {
  read a@ub[4*i +: 4] = a[4*i +: 4]  signal in
  write b[4*i +: 4] = a@ub[4*i +: 4]  wait in
}
