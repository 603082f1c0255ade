"""What the dialects of other vendors have in common on both services: error shapes, model names, meta data."""
