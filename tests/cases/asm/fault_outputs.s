input a : i8[4, 4]
unified a@ub : i8[4, 4]
output b : i8[4, 4]
output c : i8[4, 4]
read a@ub = a signal in
write b[0:3] = a@ub[0:3] wait in
write c = a@ub
write c = a@ub
