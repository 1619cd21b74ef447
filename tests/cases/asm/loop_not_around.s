input a : i8[4, 4]
unified a@ub : i8[4, 4]
repeat 2 as i {
  read a@ub[j] = a[i]
}
read a@ub[i] = a[0]  wait x before i
