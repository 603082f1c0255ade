"""A search as an application makes it: the query's vector, the nearest points, their order by the reranker."""
