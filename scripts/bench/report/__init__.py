"""What was measured, and the formats in which it is shown."""
