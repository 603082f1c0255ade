"""One module per point of the checklist."""
