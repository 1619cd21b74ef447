input a : i8[8, 4]
unified a@ub : i8[8, 4]
read a@ub = a[1 - 4:8]
repeat 3 as i {
  read a@ub[2 - 2*i +: 2] = a[0:2]
  read a@ub[4 - 2*i:8] = a[0:4]
  read a@ub[7 - 2*i +: 2] = a[0:2]
  vector a@ub[0:2] = acc[4 - i mod 8]
}
