"""What ends a command with one sentence."""


class MigrateError(Exception):
    """The command cannot do what it was asked to; the message says why and what to do."""


class TransientError(MigrateError):
    """A source cannot be asked now; the same call may succeed later."""
