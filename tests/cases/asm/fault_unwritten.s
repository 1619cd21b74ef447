unified a@ub : i8[4, 4]
output b : i8[4, 4]
write b = a@ub
