"""How close a converted model comes to its torch original, and how close it has to come."""
