// the loop, evaluation, logs
