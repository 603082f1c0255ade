"""Models of real architectures with random weights: small enough to load in a moment."""
