"""Models that are refused for what their files say: they would be served wrongly."""
