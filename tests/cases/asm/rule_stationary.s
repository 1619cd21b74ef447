input w : i8[4, 4]
unified a@ub : i8[4, 4]
contract acc[0] = a@ub by a@ub
