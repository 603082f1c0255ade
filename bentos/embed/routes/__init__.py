"""The doors of embed-service, one module per dialect."""
