"""Installed models: what they are, where they lie, which of them a service serves, and under which names."""
