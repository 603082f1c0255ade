"""What a model's files say, and those that are made where they are missing."""
