unified a : i32[4, 4]
vector a = a | foobar
dram b : i8[99999999999, 99999999999]
