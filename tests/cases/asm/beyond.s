input a : i8[4, 4]
unified a@ub : i8[4, 4]
read a@ub[0:8, :] = a
read a@ub[2:2] = a
repeat 3 as i {
  read a@ub[2*i +: 2] = a[0:2]
}
