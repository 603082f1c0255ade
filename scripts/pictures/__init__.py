"""Takes the pictures of docs/pictures from running services."""
