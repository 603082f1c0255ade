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
        paths: of its routes, as they are declared, that this service does not have.
    """

    name: str
    port: int
    paths: Collection[str]

    def answers(self, path: str) -> bool:
        """Whether a request's path is one of the other service's."""
        return any(compile_path(declared)[0].match(path) for declared in self.paths)

    def hint(self, path: str, this_service: str) -> str:
        """What to say of such a request."""
        return f"{path} is a path of {self.name}, by default on port {self.port}; this is {this_service}."
