// Sophia, AdamW: flat arenas in, flat arenas out
