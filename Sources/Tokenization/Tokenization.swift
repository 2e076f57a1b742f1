// bytes to tokens and back; trains a vocabulary
