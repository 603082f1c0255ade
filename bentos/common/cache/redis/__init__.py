"""The tier in Redis."""
