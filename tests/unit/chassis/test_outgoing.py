"""Nothing is sent to an address inside the operator's network, however it is written or resolved."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

import httpx
import pytest

from slm_chassis.outgoing import AddressRefused, AddressRules, GuardedTransport, checked_addresses, parse_networks

PUBLIC = "93.184.216.34"
FORBIDDEN = (
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/path",
    "https://127.255.255.254/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.01/",
    "https://127.0.0.1./",
    "https://0/",
    "https://0.0.0.0/",
    "https://0.1.2.3/",
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.0.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://100.127.255.255/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::10.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[100::1]/",
    "https://[5f00::1]/",
    f"https://{PUBLIC}@127.0.0.1/",
    f"https://user:secret@{PUBLIC}/",
    f"https://127.0.0.1#@{PUBLIC}/",
    f"https://127.0.0.1\\@{PUBLIC}/",
    f"https://{PUBLIC}\\@127.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://127.0.0.1%00.public.example/",
    "https://public.example%2f@127.0.0.1/",
    "https:///127.0.0.1/",
    "https:127.0.0.1/",
    "http:/127.0.0.1/",
    "https://127.0.0.1:0/",
    "https://public.example:99999/",
    "https://pub lic.example/",
    "https://public.example/\r\nHost: x",
    "https://-public.example/",
    f"http://{PUBLIC}/",
    "http://public.example/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "//public.example/",
    "",
)


async def resolve(host: str, port: int) -> Sequence[str]:
    return [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"]


@pytest.mark.parametrize("url", FORBIDDEN, ids=ascii)
async def test_an_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        await checked_addresses(url, AddressRules(), resolve)


async def test_more_than_forty_addresses_are_tried() -> None:
    assert len(set(FORBIDDEN)) >= 60


@pytest.mark.parametrize(
    "found",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "::ffff:10.0.0.1", "fe80::1", "64:ff9b::a00:1"],
)
async def test_a_name_of_such_an_address_is_refused_even_beside_a_public_one(found: str) -> None:
    async def both(host: str, port: int) -> Sequence[str]:
        return [PUBLIC, found]

    with pytest.raises(AddressRefused):
        await checked_addresses("https://public.example/", AddressRules(), both)


@pytest.mark.parametrize(
    "url",
    [
        "https://public.example/",
        "https://public.example:8443/a/b?c=%20d",
        "https://xn--bcher-kva.example/",
        "https://public.example./",
        f"https://{PUBLIC}/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "https://1password.example/",
        "https://3.public.example/",
    ],
)
async def test_public_addresses_are_allowed(url: str) -> None:
    assert await checked_addresses(url, AddressRules(), resolve)


async def test_networks_that_an_operator_allows_are_allowed_also_without_tls() -> None:
    rules = AddressRules(parse_networks("10.20.0.0/16, fd00:20::/32"))
    assert await checked_addresses("http://10.20.1.1/", rules, resolve)
    assert await checked_addresses("https://[fd00:20::1]/", rules, resolve)
    assert await checked_addresses("http://[::ffff:10.20.1.1]/", rules, resolve)
    for url in ("http://10.21.0.1/", "https://[fd00:21::1]/"):
        with pytest.raises(AddressRefused):
            await checked_addresses(url, rules, resolve)


async def test_a_refusal_names_the_setting_that_allows_the_network() -> None:
    rules = AddressRules((), "SLM_X_ALLOWED_NETWORKS")
    for url in ("https://10.20.1.1/", f"http://{PUBLIC}/"):
        with pytest.raises(AddressRefused, match="can allow its network with SLM_X_ALLOWED_NETWORKS"):
            await checked_addresses(url, rules, resolve)


class _Inner(httpx.AsyncBaseTransport):
    """Keeps the requests that would be sent; the first ``refusing`` of them find nobody."""

    def __init__(self, refusing: int = 0) -> None:
        self.sent: list[httpx.Request] = []
        self._refusing = refusing

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if len(self.sent) <= self._refusing:
            raise httpx.ConnectError("nobody", request=request)
        return httpx.Response(200)


class _Resolver:
    """Resolves a name to other addresses each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = answers

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


async def posted(transport: GuardedTransport, url: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return await client.post(url, content=b"x")


async def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_kept() -> None:
    inner, resolver = _Inner(), _Resolver([PUBLIC], ["127.0.0.1"])
    await posted(
        GuardedTransport(AddressRules(), resolve=resolver, inner=inner), "https://public.example:8443/hook?a=1"
    )
    [request] = inner.sent
    assert (str(request.url), request.headers["host"]) == (f"https://{PUBLIC}:8443/hook?a=1", "public.example:8443")
    assert request.extensions["sni_hostname"] == "public.example"
    assert resolver.asked == 1


async def test_a_name_that_resolves_differently_later_is_refused_then() -> None:
    inner, resolver = _Inner(), _Resolver([PUBLIC], ["127.0.0.1"])
    transport = GuardedTransport(AddressRules(), resolve=resolver, inner=inner)
    await posted(transport, "https://public.example/")
    with pytest.raises(AddressRefused):
        await posted(transport, "https://public.example/")
    assert len(inner.sent) == 1


async def test_the_next_address_is_tried_where_nobody_answers() -> None:
    inner = _Inner(refusing=1)
    transport = GuardedTransport(AddressRules(), resolve=_Resolver(["93.184.216.34", "93.184.216.35"]), inner=inner)
    assert (await posted(transport, "https://public.example/")).status_code == 200
    assert [each.url.host for each in inner.sent] == ["93.184.216.34", "93.184.216.35"]


async def test_a_network_that_is_none_is_refused() -> None:
    assert parse_networks("") == ()
    assert parse_networks("10.0.0.0/8") == (ip_network("10.0.0.0/8"),)
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        parse_networks("10.0.0.1/8")
