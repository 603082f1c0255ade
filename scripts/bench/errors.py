"""Why there is no measurement."""


class NotMeasured(Exception):
    """A service gave no usable answer; the message is a sentence that says which and why."""
