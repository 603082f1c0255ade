"""What a request's head must be, so that all who read it read the same."""

import re
from collections.abc import Sequence

from bentos.common.errors import HeadersTooLarge, MalformedRequest, UnknownTransferEncoding
from bentos.common.http.server.connection_limits import MAX_HEADERS

_VERSIONS = ("1.1", "1.0")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")


def check_head(version: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Check a request's version and headers, whose names are in lower case.

    Raises:
        MalformedRequest: another version than HTTP/1.1 or 1.0, or not exactly one sound `Host`.
        UnknownTransferEncoding: another than chunked.
        HeadersTooLarge: more than `MAX_HEADERS`.
    """
    if version not in _VERSIONS:
        raise MalformedRequest("The request is not in HTTP/1.1 or HTTP/1.0.")
    encodings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if encodings and encodings != [b"chunked"]:
        raise UnknownTransferEncoding("The header Transfer-Encoding may only be chunked.")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 and (hosts or version == "1.1"):
        raise MalformedRequest("The request needs one header Host, not none and not several.")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise MalformedRequest("The header Host is not a host and a port.")
    if len(headers) > MAX_HEADERS:
        raise HeadersTooLarge(f"The request has more than {MAX_HEADERS} headers.")
