"""Where models come from: the hub, a folder, a Python package."""
