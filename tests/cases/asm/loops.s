repeat 2 as i {
  repeat 2 as i {
  }
}
}
repeat 4 as j {
