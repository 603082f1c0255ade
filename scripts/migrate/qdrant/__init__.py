"""What the migration does with Qdrant."""
