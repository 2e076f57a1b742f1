// tokens to tokens: engine, sampler
