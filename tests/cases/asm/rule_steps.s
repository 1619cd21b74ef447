input a : i8[4]
unified a@ub : i8[4]
output b : i8[4]
repeat 4000000000 as i {
  repeat 4000000000 as j {
    repeat 4000000000 as k {
      read a@ub = a signal in
    }
  }
}
write b = a@ub wait in
