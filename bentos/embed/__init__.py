"""embed-service: texts to vectors."""
