input "a : i8[4]
input ä : i8[4]
unified.x b : i8[4]
host.1 b = b
read.99999 b = b
