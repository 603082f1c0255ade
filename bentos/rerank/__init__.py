"""rerank-service: a query and documents to scores."""
