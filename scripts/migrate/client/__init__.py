"""Requests to embed-service: as many as it takes, for as long as it is down."""
