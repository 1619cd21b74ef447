input arr : i8[4, 4]
unified a@ub : i8[4, 4]
read a@ub = array
read a@bu = arr
