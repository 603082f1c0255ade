"""What the benchmark has to know of a server to install it, start it and talk to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.peers.requests import Documents
from bentos.common.backends.interface import Kind
from bentos.common.models.store import InstalledModel

ModelFormat = Literal["installed", "torch", "transformers-4", "onnx", "ctranslate2", "gguf", "sie"]
"""How a server wants its model: by id from our store, or a folder in one of these formats.

`transformers-4` is the torch original as that older version can read it; `sie` is the file that describes it to SIE.
"""


@dataclass(frozen=True)
class Launch:
    """One start of a server.

    Attributes:
        program: Python of the server's virtual environment, or the server itself where it is built from source.
        port: on the loopback interface.
        model: folder of the model in the peer's format.
        model_id: id of the installed model.
        kind: encoder or cross-encoder.
        window: maximum number of tokens the model takes.
        threads: number of threads that the server may use in all.
        home: a folder that the server may fill.
    """

    program: Path
    port: int
    model: Path
    model_id: str
    kind: Kind
    window: int
    threads: int
    home: Path


@dataclass(frozen=True)
class EmbedRoute:
    """Where a server takes texts.

    Attributes:
        path: path of the URL.
        body: the JSON for some texts.
        vectors: the vectors in the answer's JSON, in the order of the texts.
        headers: of each request.
    """

    path: str
    body: Callable[[list[str]], dict[str, Any]]
    vectors: Callable[[Any], list[list[float]]]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RerankRoute:
    """Where a server takes a query and documents.

    Attributes:
        path: path of the URL.
        body: the JSON for a query and documents.
        scores: sigmoid scores in the answer's JSON, in the order of the documents.
        headers: of each request.
    """

    path: str
    body: Callable[[Documents], dict[str, Any]]
    scores: Callable[[Any], list[float]]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A server that is built on this machine, for this processor.

    Attributes:
        package: name of the source distribution.
        version: its version.
        folder: of the CMake project in it.
        target: of the CMake project; also the name of the binary.
        options: of CMake's configuration.
    """

    package: str
    version: str
    folder: str
    target: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """A server to compare with.

    Attributes:
        name: in tables, and of its folders.
        about: one line for the report, with the settings that matter.
        model_format: format of the model that it loads.
        command: starts it.
        embed: None if it serves no encoders.
        rerank: None if it serves no cross-encoders.
        precision: precision of its arithmetic; gets the variant of the model that our service takes.
        requirements: name of a file in `requirements/`; None runs in this process's own environment.
        python: version of Python that it needs, as uv reads it; None is that of this process.
        source: None if it runs by Python.
        versions: packages that the report names with their versions.
        ready: path that answers 200 once the model is loaded.
        processes: number of processes that share the threads.
        variables: variables of its environment, besides those for threads.
        converts_at_first_start: into its home; it is then started again before anything is measured.
        adds_prompt: whether it puts the model's prompt before a text itself.
        unfit: says why it has no place on this machine; None if it has.
    """

    name: str
    about: str
    model_format: ModelFormat
    command: Callable[[Launch], list[str]]
    embed: EmbedRoute | None
    rerank: RerankRoute | None
    precision: Callable[[InstalledModel], str] = lambda _: "fp32"
    requirements: str | None = None
    python: str | None = None
    source: Source | None = None
    versions: tuple[str, ...] = ()
    ready: str = "/health"
    processes: int = 1
    variables: Callable[[Launch], Mapping[str, str]] = lambda _: {}
    converts_at_first_start: bool = False
    adds_prompt: bool = False
    unfit: Callable[[], str | None] = lambda: None

    def serves(self, kind: Kind) -> bool:
        """Whether it has a route for models of this kind."""
        return (self.embed if kind == "encoder" else self.rerank) is not None
