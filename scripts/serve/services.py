"""The two services as commands: what to start, where it answers and how to try it."""

import json
import socket
import sys
from dataclasses import dataclass, field

from scripts.command import UsageError


@dataclass(frozen=True)
class ServiceCommand:
    """One service as a process of its own. `env` is added to this process's environment."""

    name: str
    label: str
    command: tuple[str, ...]
    host: str
    port: int
    example_path: str
    example_body: dict[str, object]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where a client on this machine reaches the service."""
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{reachable}:{self.port}"

    @property
    def curl(self) -> str:
        """A command that a user can paste to try the service."""
        body = json.dumps(self.example_body)
        return f"curl -s {self.url}{self.example_path} -H 'Content-Type: application/json' -d '{body}'"

    def check_port_free(self) -> None:
        """Look whether the port can be listened on.

        Raises:
            UsageError: something else listens on it, or the host is unknown.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except socket.gaierror as error:
                raise UsageError(
                    f"The host {self.host!r} of {self.name} is unknown ({error.strerror}): change --host."
                ) from error
            except OSError as error:
                raise UsageError(
                    f"{self.name} cannot listen on {self.host}:{self.port} ({error.strerror}): "
                    f"stop what uses the port, or choose another with --{self.label}-port."
                ) from error


def embed_service(model_id: str, host: str, port: int, grace_seconds: int, precision: str = "auto") -> ServiceCommand:
    """embed-service with the encoder `model_id`."""
    return ServiceCommand(
        name="embed-service",
        label="embed",
        command=_bentoml_serve("bentos.embed.service:EmbedService", host, port, grace_seconds),
        host=host,
        port=port,
        example_path="/embed",
        example_body={"text": "How do I reset my password?", "input_type": "query"},
        env=_settings("EMBED_", model_id, precision),
    )


def rerank_service(model_id: str, host: str, port: int, grace_seconds: int, precision: str = "auto") -> ServiceCommand:
    """rerank-service with the cross-encoder `model_id`."""
    documents = ["Choose Forgot password on the sign-in page.", "Our office is open from nine to five."]
    return ServiceCommand(
        name="rerank-service",
        label="rerank",
        command=_bentoml_serve("bentos.rerank.service:RerankService", host, port, grace_seconds),
        host=host,
        port=port,
        example_path="/rerank",
        example_body={"query": "How do I reset my password?", "documents": documents},
        env=_settings("RERANK_", model_id, precision),
    )


def _settings(prefix: str, model_id: str, precision: str) -> dict[str, str]:
    """Variables of a service: of the installed forms of a model it takes the fastest unless they name another."""
    form = {"auto": {}, "none": {f"{prefix}BACKEND": "torch"}}.get(precision, {f"{prefix}PRECISION": precision})
    return {f"{prefix}MODEL": model_id, **form}


def _bentoml_serve(target: str, host: str, port: int, grace_seconds: int) -> tuple[str, ...]:
    options = ("--host", host, "--port", str(port), "--timeout-graceful-shutdown", str(grace_seconds))
    return (sys.executable, "-m", "bentoml", "serve", target, *options)
