"""What can go wrong here, each as one sentence for the person at the terminal."""


class ServeError(RuntimeError):
    """The services cannot be started; the message says what to do."""
