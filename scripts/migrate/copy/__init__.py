"""From a source through embed-service into the new collection."""
