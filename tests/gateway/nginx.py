"""The gateway as a user runs it: a real nginx with the configuration of deploy/gateway, on free ports."""

import getpass
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx

from scripts.free_port import free_port
from tests import programs
from tests.http.server import ANSWER_SECONDS, ROOT, wait_for

DEPLOY = ROOT / "deploy" / "gateway"
CLOSED_PORT = "127.0.0.1:1"
_PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")
_STOP_SECONDS = 20.0
# What the nginx image brings besides, reduced to what an ordinary user may do.
_NGINX_CONF = """
daemon off;
user {user};
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include conf.d/*.conf;
}}
"""


def nginx_version() -> tuple[int, ...]:
    """Version of the installed nginx."""
    output = subprocess.run([programs.require("nginx"), "-v"], capture_output=True, text=True, check=True).stderr
    [version] = re.findall(r"nginx/([\d.]+)", output)
    return tuple(int(part) for part in version.split("."))


def finds_names_later() -> bool:
    """Whether nginx can start without knowing its upstreams' addresses; older ones know no `resolve`."""
    return nginx_version() >= (1, 27, 3)


class Gateway:
    """A gateway that answers within the block.

    Args:
        folder: gets its configuration and log.
        embed: address of embed-service, `host:port`; several are replicas, as if a name had all these addresses.
        rerank: address of rerank-service.
        settings: replace those of gateway.env.
        certificate: folder with tls.crt and tls.key; given, there is TLS on a second port.
    """

    def __init__(
        self,
        folder: Path,
        embed: str | Sequence[str],
        rerank: str,
        *,
        settings: Mapping[str, str] | None = None,
        certificate: Path | None = None,
    ) -> None:
        port, tls_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.tls_url = f"https://localhost:{tls_port}"
        self.client = httpx.Client(base_url=self.url, timeout=ANSWER_SECONDS, trust_env=False)
        self._log = folder / "log"
        self._folder = folder
        variables = _defaults() | {
            "EMBED_UPSTREAM": embed if isinstance(embed, str) else " max_fails=3 fail_timeout=1s; server ".join(embed),
            "RERANK_UPSTREAM": rerank,
            "GATEWAY_PORT": f"127.0.0.1:{port}",
            "GATEWAY_TLS_PORT": f"127.0.0.1:{tls_port}",
            "NGINX_LOCAL_RESOLVERS": "127.0.0.1",
            **(settings or {}),
        }
        (folder / "conf.d" / "gateway.d").mkdir(parents=True)
        (folder / "nginx.conf").write_text(_NGINX_CONF.format(user=getpass.getuser()))
        _render("default.conf", folder / "conf.d", variables)
        if certificate is not None:
            _render("tls.conf", folder / "conf.d" / "gateway.d", variables)
            shutil.copytree(certificate, folder / "tls")

    def __enter__(self) -> Self:
        nginx = programs.require("nginx")
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [nginx, "-p", f"{self._folder}/", "-c", f"{self._folder}/nginx.conf", "-e", "stderr"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._live, "the gateway answers")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(_STOP_SECONDS)

    @property
    def log(self) -> str:
        """Everything that nginx has written."""
        return self._log.read_text(errors="replace")

    def _live(self) -> bool:
        assert self.process.poll() is None, f"nginx ended while starting:\n{self.log}"
        try:
            return self.client.get("/live").status_code == 200
        except httpx.ConnectError:
            return False


def _defaults() -> dict[str, str]:
    lines = (DEPLOY / "gateway.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _render(name: str, folder: Path, variables: Mapping[str, str]) -> None:
    """Fill in a template, as the nginx image does."""
    text = _PLACEHOLDER.sub(lambda match: variables[match[1]], (DEPLOY / f"{name}.template").read_text())
    if not finds_names_later():
        text = text.replace(" resolve;", ";")
    (folder / name).write_text(text)
