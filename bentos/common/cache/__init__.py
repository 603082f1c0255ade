"""The cache between the domain and the engine: rows that were computed before are looked up."""
