unified a : i32[4, 4]
unified b : i32[4, 4]
vector b = a | addd a
vector b = a | requant shift=99
vector b = a | topk
