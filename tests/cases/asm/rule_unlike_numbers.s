input w : i8[4, 4]
repeat 3 as i {
  fetch w
}
