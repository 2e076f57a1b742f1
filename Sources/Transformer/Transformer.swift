// GPT-2: config, parameter table, forward, backward, decode
