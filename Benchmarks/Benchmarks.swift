// microbenchmarks
