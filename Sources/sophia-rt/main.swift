print("sophia-rt")
