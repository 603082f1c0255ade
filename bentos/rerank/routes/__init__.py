"""Routes of rerank-service, one module per dialect."""
