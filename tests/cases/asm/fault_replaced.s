input a : i8[8, 4]
unified a@ub : i8[4, 4]
output b : i8[8, 4]
repeat 2 as i {
  read a@ub = a[4*i +: 4]  wait left  signal in
  write b[4*i +: 4] = a@ub  wait in  signal left
}
