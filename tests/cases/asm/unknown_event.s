input a : i8[4, 4]
unified a@ub : i8[4, 4]
output b : i8[4, 4]
read a@ub = a signal arrived
write b = a@ub wait arived
