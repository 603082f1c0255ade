"""BentoML's own routes, under the rules of ours."""
