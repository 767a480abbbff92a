"""Where a letter goes: an address that was checked after the name was resolved, and no other.

A server that fetches addresses which others choose can be made to ask its own network (OWASP,
Server-Side Request Forgery Prevention). So every address that a name has is checked, and the
connection goes to one that was checked: a name that points elsewhere a moment later changes
nothing. Redirects are not followed.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from features.errors import LeadpactError, shorten

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_MOST_ANSWERED = 1024
MAX_URL = 2000


class TargetRefused(LeadpactError):
    """Letters are not sent to this address."""


@dataclass(frozen=True)
class Rules:
    """Which addresses letters may go to.

    Attributes:
        allowed: networks that are allowed although they are not public; there, http is too.
        connect_seconds: until a connection is there, and for each wait.
        total_seconds: for everything; a receiver that answers a byte at a time is cut off.
    """

    allowed: tuple[Network, ...] = ()
    connect_seconds: float = 5.0
    total_seconds: float = 10.0


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def split_url(url: str) -> SplitResult:
    """A target's URL in parts.

    Raises:
        TargetRefused: when it is none that letters may be sent to, whatever it resolves to.
    """
    allowed = "https://HOST/PATH, without a name or a password in it"
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError as error:
        raise TargetRefused(f"{shorten(url)} is no URL. Allowed: {allowed}.") from error
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL
    named = found.scheme in ("https", "http") and found.hostname and port != 0
    if not plain or not named or "@" in found.netloc or found.fragment:
        raise TargetRefused(f"{shorten(url)} is no target. Allowed: {allowed}.")
    return found


def checked_address(url: SplitResult, rules: Rules, look_up: Resolve = resolve) -> str:
    """The address to connect to: the name's first, after all of them were checked.

    Raises:
        TargetRefused: when the name has none, or one that is not allowed.
    """
    host, port = url.hostname or "", _port(url)
    try:
        found = [ipaddress.ip_address(a.partition("%")[0]) for a in look_up(host, port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise TargetRefused(f"{shorten(host)} has no address: {error}.") from error
    if not found:
        raise TargetRefused(f"{shorten(host)} has no address.")
    inside = [any(a in network for network in rules.allowed) for a in found]
    for address, own in zip(found, inside, strict=True):
        if not own and not is_public(address):
            raise TargetRefused(
                f"{shorten(host)} is {address}, which is not public. An operator can allow its "
                "network by the setting `webhook_networks`."
            )
    if url.scheme != "https" and not all(inside):
        raise TargetRefused(f"{shorten(host)} is reached without TLS. Use https.")
    return str(found[0])


def is_public(address: Address) -> bool:
    """Whether an address is a public one, and not another one in disguise."""
    return all(a.is_global and not a.is_multicast for a in _faces(address))


def _faces(address: Address) -> Iterator[Address]:
    """The address, and every IPv4 address that it stands for."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        hidden = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            hidden.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (a for a in hidden if a is not None)


def send(
    url: str, body: str, headers: Mapping[str, str], rules: Rules, look_up: Resolve = resolve
) -> int:
    """Send a letter; the status that was answered.

    Raises:
        TargetRefused: when the target may not be asked.
        OSError, http.client.HTTPException: when there was no answer, or none in time.
    """
    parts = split_url(url)
    connection = _Pinned(parts, checked_address(parts, rules, look_up), rules.connect_seconds)
    path = parts.path or "/"
    end = threading.Timer(rules.total_seconds, connection.cut)
    end.daemon = True
    end.start()
    try:
        target = f"{path}?{parts.query}" if parts.query else path
        connection.request("POST", target, body.encode(), dict(headers))
        answer = connection.getresponse()
        answer.read(_MOST_ANSWERED)
        return answer.status
    finally:
        end.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the name in the URL means by now; the certificate is
    checked against the name."""

    def __init__(self, url: SplitResult, address: str, seconds: float) -> None:
        super().__init__(url.hostname or "", _port(url), timeout=seconds)
        self._address, self._seconds, self._tls = address, seconds, url.scheme == "https"
        self.default_port = 443 if self._tls else 80

    def connect(self) -> None:
        """Connect to the address that was checked."""
        plain = socket.create_connection((self._address, self.port), self._seconds)
        self.sock = plain
        if self._tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """End it now, whatever it waits for."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
