"""Over TLS a request goes to the address that was checked, and the certificate must be that of the name."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from slm_chassis.outgoing import AddressRules, GuardedTransport, parse_networks

NAME = "hooks.example"


def certificate(folder: Path) -> Path:
    """Write a certificate for NAME that signs itself, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(encoding) + key.private_bytes(encoding, pem, serialization.NoEncryption()))
    return file


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[int, Path, list[bytes]]]:
    """A TLS server for NAME: its port, the certificate, and the heads of the requests that it got."""
    file, heads = certificate(tmp_path), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 X\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield listening.sockets[0].getsockname()[1], file, heads
    listening.close()


async def sent(url: str, trusted: Path) -> httpx.Response:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=str(trusted)))
    rules = AddressRules(parse_networks("127.0.0.0/8"))
    transport = GuardedTransport(rules, resolve=resolve, inner=inner)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return await client.get(url)


async def test_the_certificate_is_checked_against_the_name_and_the_host_is_kept(
    server: tuple[int, Path, list[bytes]],
) -> None:
    port, file, heads = server
    assert (await sent(f"https://{NAME}:{port}/a", file)).status_code == 204
    assert f"host: {NAME}:{port}".encode() in heads[0].lower()


async def test_a_certificate_of_another_name_is_refused(server: tuple[int, Path, list[bytes]]) -> None:
    port, file, heads = server
    with pytest.raises(httpx.ConnectError, match="certificate"):
        await sent(f"https://other.example:{port}/a", file)
    assert heads == []
