input a : i8[4, 4]
unified a@ub : i8[4, 4]
unified b@ub : i8[4, 4] at 8
output b : i8[4, 4]
read a@ub = a signal in
read b@ub = a signal in
write b = a@ub wait in
