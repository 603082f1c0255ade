"""Both services under mixed load for a long time, or under clients that leave at once."""
