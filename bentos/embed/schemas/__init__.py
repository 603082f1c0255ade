"""Bodies and answers of each dialect, as OpenAPI shows them."""
