"""The two services: `embed` and `rerank`, and what they have in `common`."""
