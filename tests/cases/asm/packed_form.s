input w : i8[16, 4]
unified a@ub : i8[4, 8]
fetch w[0:8] packed 4 of 4
fetch w[0:8] packed 2 in 4
fetch w[0:8] packed 2 of 17
input v : i8[16, 4] = pruned 2 of 4 in 5 by 4
input u : i8[16, 4] = each 3 pruned 2 of 4 in 8 by 4
input t : i8[16, 4] = pruned 2 of 4 in 0 by 4
