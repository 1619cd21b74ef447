input "a b" : i8[4, 4] = load("nope.npy")
