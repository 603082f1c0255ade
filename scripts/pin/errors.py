"""What keeps references from being pinned."""


class PinningFailed(Exception):
    """A reference cannot be resolved. Its text is one sentence for whoever runs the command."""
