// numeric functions, forward and backward in one file
