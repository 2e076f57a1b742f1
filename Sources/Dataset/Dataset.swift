// documents to token shards to batches; the built-in corpus
