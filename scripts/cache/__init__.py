"""What the services keep in Redis: `python -m scripts.cache`."""
