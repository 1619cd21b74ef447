unified a : i8[4, 4] at 100000000000
