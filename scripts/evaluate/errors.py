"""What ends an evaluation with one sentence."""


class NotEvaluated(Exception):
    """There are no figures; the message says why and what to do."""
