"""Re-embed a Qdrant collection, or load one from files or Firestore, without downtime."""
