// named tensors on disk; knows no model
