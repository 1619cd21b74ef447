input a : i8[4, 4]
raed a = a
multiplied acc[0] = a
