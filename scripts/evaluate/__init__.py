"""Is search better? Judged queries on old vectors, new ones, and new ones reranked: `python -m scripts evaluate`."""
