"""The doors of rerank-service, one module per dialect."""
