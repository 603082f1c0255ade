"""The CPU backend of this checkout against that of another commit's."""
