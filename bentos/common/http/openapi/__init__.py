"""The document that describes a service's routes, `/openapi.json`."""
