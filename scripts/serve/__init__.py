"""Runs embed-service and rerank-service side by side on this machine: `python -m scripts.serve`."""
