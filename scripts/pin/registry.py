"""Digests of container images, by the distribution API that all registries have."""

import re

import httpx

from scripts.command import UnreachableError, UsageError

_TYPES = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DOCKER_HUB = "docker.io"
_DOCKER_HUB_API = "registry-1.docker.io"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOCAL = ("localhost", "127.0.0.1")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def digest_of(client: httpx.Client, image: str) -> str:
    """Digest of what a tag names now: of the index of all platforms where there is one.

    Args:
        client: sends the requests.
        image: name with registry and tag, such as `docker.io/library/redis:8`.

    Raises:
        UnreachableError: the registry cannot be reached.
        UsageError: it has no such image, or wants credentials.
    """
    name, _, tag = image.rpartition(":")
    registry, _, repository = name.partition("/")
    host = _DOCKER_HUB_API if registry == _DOCKER_HUB else registry
    scheme = "http" if host.partition(":")[0] in _LOCAL else "https"
    url = f"{scheme}://{host}/v2/{repository}/manifests/{tag}"
    try:
        answer = client.head(url, headers={"Accept": _TYPES})
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            token = _anonymous_token(client, answer.headers.get("WWW-Authenticate", ""))
            answer = client.head(url, headers={"Accept": _TYPES, "Authorization": f"Bearer {token}"})
    except httpx.TransportError as error:
        raise UnreachableError(
            f"The registry {host} cannot be reached, and pinning needs a network: {error}."
        ) from None
    digest = str(answer.headers.get("Docker-Content-Digest", ""))
    if answer.status_code != httpx.codes.OK or not _DIGEST.fullmatch(digest):
        kind = UsageError if answer.is_client_error else UnreachableError
        raise kind(f"The registry {host} gives no digest of {image}: status {answer.status_code}.")
    return digest


def _anonymous_token(client: httpx.Client, challenge: str) -> str:
    """A token to read a public image, from where the registry says."""
    wanted = dict(_PARAMETER.findall(challenge))
    answer = client.get(wanted.pop("realm", ""), params=wanted)
    try:
        token = answer.json()["token"]
    except (ValueError, KeyError, TypeError):
        raise UnreachableError(f"{answer.url.host} gives no token to read a public image.") from None
    return str(token)
