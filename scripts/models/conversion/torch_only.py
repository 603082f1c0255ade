"""What takes PyTorch, said where it is not installed."""

from importlib.util import find_spec

from scripts.command import UsageError


def has_torch() -> bool:
    """Whether PyTorch and sentence-transformers are installed."""
    return find_spec("torch") is not None and find_spec("sentence_transformers") is not None


def needs_torch(what: str) -> UsageError:
    """The error of something that takes them; `what` is the sentence before "only with PyTorch"."""
    return UsageError(f"{what} only with PyTorch: `make venv` installs it (group `torch` of pyproject.toml).")


def not_convertible(what: str) -> UsageError:
    """The error of a model that only PyTorch can serve; `what` says which, without a full stop."""
    if has_torch():
        return UsageError(f"{what} cannot be converted to OpenVINO: use --precision none.")
    return needs_torch(f"{what} can be served")
