"""What was measured, and the forms in which it is shown."""
