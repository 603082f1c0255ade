"""ASGI middleware, from the outside in: what happens to every request before a route sees it."""
