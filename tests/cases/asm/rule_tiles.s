input w : i8[8, 4]
unified a@ub : i8[4, 4]
fetch w
load
