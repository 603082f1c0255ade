"""This service's part of the page at `GET /`."""
