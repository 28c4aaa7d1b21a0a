"""The compose gateway's own nginx configuration on this machine, and a port that can be shut before a service."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from tests.support.processes import free_port

COMPOSE = Path(__file__).resolve().parents[2] / "deploy/compose"
_UPSTREAM = re.compile(r"server (\w+):8080 resolve;")


class NoNginx(Exception):
    """This machine has no nginx; the text says how to install it."""


def configuration(port: int, services: Mapping[str, int], folder: Path) -> str:
    """Return the compose gateway's configuration for this machine. ``services``: service → port on which it answers.

    Only addresses are replaced; ``resolve`` and ``resolver`` are removed, because no names need to be looked up.
    """
    text = (COMPOSE / "nginx.conf").read_text(encoding="utf-8")
    text = _UPSTREAM.sub(lambda found: f"server 127.0.0.1:{services[found[1]]};", text)
    text = re.sub(r"^\s*resolver .*;$", "", text, flags=re.MULTILINE)
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    text = text.replace("/usr/share/nginx/pages", str(COMPOSE / "pages"))
    buffers = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    kept = "\n".join(f"  {name}_temp_path {folder / name};" for name in buffers)
    text = text.replace("http {\n", f"http {{\n{kept}\n", 1)
    user = "user root;\n" if os.geteuid() == 0 else ""
    return f"{user}daemon off;\npid {folder / 'pid'};\nerror_log {folder / 'errors'};\n{text}"


@asynccontextmanager
async def gateway(services: Mapping[str, int], folder: Path) -> AsyncIterator[str]:
    """Run nginx with the gateway's configuration and yield its address. Raises NoNginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
    if program is None:
        raise NoNginx(
            "no nginx on the PATH; install it (Debian: apt-get install nginx-light) or run tools/setup-browser"
        )
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(port, services, folder), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        program, "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf"), stderr=asyncio.subprocess.PIPE
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as client, asyncio.timeout(30):
            while not await _lives(client):
                assert process.returncode is None, (folder / "errors").read_text()
                await asyncio.sleep(0.1)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _lives(client: httpx.AsyncClient) -> bool:
    with suppress(httpx.TransportError):
        return (await client.get("/livez")).status_code == 200
    return False


class Door:
    """A port that forwards to another one. While it is shut, nobody answers on it, as if the service were away."""

    def __init__(self, to: int) -> None:
        self.port = free_port()
        self._to = to
        self._server: asyncio.Server | None = None
        self._through: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def shut(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._through):
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._through |= {writer, inner_writer}
        try:
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        finally:
            self._through -= {writer, inner_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
