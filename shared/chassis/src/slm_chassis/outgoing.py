"""Requests to addresses that users enter: never to an address inside the operator's network, unless the operator allows
that address.

A name is resolved once for each request. All its addresses are checked, and the connection goes to the very addresses
that were checked: a name that resolves differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A function that returns all addresses of a host name, as text; raises OSError if the name cannot be resolved."""

_MOST_TRIED = 4
"""How many addresses of a name are tried, one after the other, until one accepts a connection."""
_LONGEST_HOST = 253
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_REFUSED_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        # Shared and special networks that Python calls global, or called global in an earlier version.
        "100.64.0.0/10",
        "168.63.129.16/32",  # the platform's own services in Azure
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/9",
        "ff00::/8",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(ValueError):
    """Nothing is sent to this URL, because of the URL itself or of an address of its host. The text says why."""


@dataclass(frozen=True, slots=True)
class AddressRules:
    """The addresses to which requests may go: all public ones, and the ``allowed`` networks.

    Public addresses need https; in the allowed networks http is accepted as well. ``setting`` is the name of the
    setting in which an operator allows networks; a refusal names it.
    """

    allowed: Sequence[Network] = ()
    setting: str = ""

    def check(self, scheme: str, text: str) -> Address:
        """Return the address in ``text``. Raises AddressRefused unless a request with this scheme may go there."""
        address = _plain(text)
        inner = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address
        if any(inner in each for each in self.allowed):
            return address
        if not inner.is_global or inner.is_multicast or any(inner in each for each in _REFUSED_NETWORKS):
            raise AddressRefused(f"the host is inside a private, local or special network{self._remedy()}")
        if scheme != "https":
            raise AddressRefused(f"only https is allowed to this host{self._remedy()}")
        return address

    def _remedy(self) -> str:
        """Return how an operator allows the address; empty if no setting does."""
        if not self.setting:
            return ""
        return f"; an operator of this installation can allow its network with {self.setting} (docs/guides/running.md)"


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a text that separates them by commas. Raises ValueError that names an invalid network."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _check_networks(text: str) -> str:
    try:
        parse_networks(text)
    except ValueError as error:
        raise ValueError(f"{error}; write networks like 10.20.0.0/16,fd00:20::/32") from None
    return text


NetworkList = Annotated[str, AfterValidator(_check_networks)]
"""The type of a setting with networks that are separated by commas."""


def _plain(text: str) -> Address:
    """Return the address in a text; as IPv4 if an IPv6 address only wraps an IPv4 address (``::ffff:10.0.0.1``). Raises
    AddressRefused if the text has no valid address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise AddressRefused("the host has no valid address") from None
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        raise AddressRefused("the address has a zone")
    return address.ipv4_mapped or address


def host_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL. Raises AddressRefused unless the URL is http or https, names no user, and
    is written so that every program finds the same host in it.
    """
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\<>"`{}|^#'):
        raise AddressRefused("the URL has signs that do not belong there; write a name with other letters as xn--…")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("it is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AddressRefused("it does not begin with https:// and a host")
    if "@" in parts.netloc:
        raise AddressRefused("the URL names a user; leave out everything before the host")
    if port == 0 or "%" in parts.netloc:
        raise AddressRefused("host or port are not valid")
    if not parts.netloc.startswith("["):
        _check_name(host)
    else:
        _check_literal(host)
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def _check_name(host: str) -> None:
    """Raise AddressRefused unless the host is a plain name, or an IPv4 address in its usual form.

    A host whose last label is a number is an address for many programs: ``127.1``, ``2130706433``, ``0x7f.1``.
    """
    last = host.rstrip(".").rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        _check_literal(host)
    elif len(host) > _LONGEST_HOST or not _NAME.fullmatch(host):
        raise AddressRefused("the host is no valid name")


def _check_literal(host: str) -> None:
    try:
        ip_address(host)
    except ValueError:
        raise AddressRefused("the host is a number or an address in an unusual form") from None


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host by the system's resolver. Raises OSError if the host cannot be resolved."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked_addresses(url: str, rules: AddressRules, resolve: Resolve = system_resolve) -> list[Address]:
    """Return the addresses of a URL's host, resolved once. Raises AddressRefused if the URL or one of the addresses is
    not allowed, and OSError if the name cannot be resolved.
    """
    scheme, host, port = host_of(url)
    try:
        return [rules.check(scheme, str(ip_address(host)))]
    except AddressRefused:
        raise
    except ValueError:
        pass
    addresses = [rules.check(scheme, each) for each in await resolve(host, port)]
    if not addresses:
        raise OSError("the host has no address")
    return addresses


class GuardedTransport(httpx.AsyncBaseTransport):
    """A transport that connects only to addresses that it has itself resolved and checked by the rules.

    The request keeps its ``Host`` header, and TLS checks the certificate against the name. Connections are not reused,
    because another name may have the same address. Raises AddressRefused and the errors of httpx.
    """

    def __init__(
        self, rules: AddressRules, *, resolve: Resolve = system_resolve, inner: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._inner = inner or httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        _, host, _ = host_of(url)
        try:
            addresses = await checked_addresses(url, self._rules, self._resolve)
        except OSError as error:
            raise httpx.ConnectError("the name of the host cannot be resolved", request=request) from error
        failure: httpx.TransportError | None = None
        for address in addresses[:_MOST_TRIED]:
            try:
                return await self._inner.handle_async_request(_pinned(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def aclose(self) -> None:
        await self._inner.aclose()


def _pinned(request: httpx.Request, host: str, address: Address) -> httpx.Request:
    """Return the request with its URL's host replaced by an address; ``Host`` and the name for TLS stay."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
