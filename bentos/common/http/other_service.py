"""The likeliest mistake with two ports: a request to the right path of the wrong service."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.routing import compile_path


@dataclass(frozen=True, slots=True)
class OtherService:
    """The service beside this one.

    Attributes:
        name: as its `/health` reports it.
        port: its default port.
        paths: of its routes, as they are declared, that this service does not have; without those of dialects that
            both services have and that put a prefix of their own before them.
    """

    name: str
    port: int
    paths: Collection[str]

    def answers(self, path: str, prefixes: Collection[str]) -> bool:
        """Whether a request's path is one of the other service's, as it is or behind a dialect's prefix."""
        paths = [path, *(path.removeprefix(prefix) for prefix in prefixes)]
        return any(compile_path(declared)[0].match(path) for declared in self.paths for path in paths)

    def hint(self, path: str, this_service: str) -> str:
        """What to say of such a request."""
        return f"{path} is a path of {self.name}, by default on port {self.port}; this is {this_service}."
