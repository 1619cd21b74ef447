input a : i8[4, 4]
input a : i8[4, 4]
output a@ub : i8[4]
unified u : i8[4]
output u
