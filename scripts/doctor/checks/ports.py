"""Is the port open to this machine or its network only?"""

import ipaddress
import socket
from collections.abc import Iterator

import psutil

from scripts.doctor.finding import Finding, NotChecked, ok, warning
from scripts.doctor.service_check import ServiceCheck


class Port(ServiceCheck):
    """Where the doctor runs on the service's host: which addresses listen on its port."""

    name = "port"

    def run(self) -> Finding:
        """Look at this machine's listening sockets."""
        port = self.service.port
        if not _is_this_machine(self.service.host):
            raise NotChecked(f"{self.service.host} is another machine.", f"There: ss -ltn sport = :{port}")
        addresses = sorted(set(_listening(port)))
        if not addresses:
            raise NotChecked(f"No socket of this machine listens on {port}.", f"On its host: ss -ltn sport = :{port}")
        shown = ", ".join(addresses)
        outside = [address for address in addresses if not _is_internal(address)]
        if not outside:
            return ok(f"Port {port} is open on {shown} only.")
        if not self.service.takes_example(with_key=False):
            return ok(f"Port {port} is open on {shown}, and needs a key.")
        return warning(
            f"Port {port} is open on {shown}, without a key.",
            f"Bind it to 127.0.0.1 or an internal address (-p 127.0.0.1:{port}:{port}), let the firewall close it, "
            "or set API_KEYS.",
        )


def _listening(port: int) -> Iterator[str]:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        raise NotChecked("This system shows sockets to its administrator only.", "Run the doctor as one.") from None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            yield connection.laddr.ip


def _is_internal(address: str) -> bool:
    """Loopback or private; an unspecified address is every one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return not parsed.is_unspecified and parsed.is_private


def _is_this_machine(host: str) -> bool:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    own = {address.address for addresses in psutil.net_if_addrs().values() for address in addresses}
    return bool(found & own)
