"""Routes of embed-service, one module per dialect."""
