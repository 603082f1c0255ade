"""What a browser sees: a page to try the service at `GET /`, and every route at `GET /docs`."""
