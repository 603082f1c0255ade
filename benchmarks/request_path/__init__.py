"""How many files and moves one request needs."""
