"""What a service does with more work than it can do."""
