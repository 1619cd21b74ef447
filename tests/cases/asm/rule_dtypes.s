input a : i32[4, 4]
unified a@ub : i32[4, 4]
unified b@ub : i8[4, 4]
read a@ub = a signal in
vector b@ub = a@ub | exp wait in
