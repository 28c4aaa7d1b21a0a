"""The compose gateway serves what the services' own route tables say, and the documents that one process serves."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from slm import contexts, documents, face
from slm.installation import open_installation
from slm_agreement.api.oauth import METADATA
from slm_chassis.app import ServiceApp, topic_specs
from slm_chassis.clock import SystemClock
from slm_chassis.http import reference
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.migrations import migrate
from slm_chassis.settings import Settings

NGINX = Path(__file__).resolve().parents[2] / "deploy/compose/nginx.conf"


@pytest.mark.parametrize("context", contexts.CONTEXTS)
async def test_the_gateway_serves_what_a_service_serves(context: str, database_url: str) -> None:
    assert resources_of_gateway(context) == await resources_of_service(context, database_url)


def test_the_gateway_serves_the_documents_page() -> None:
    """Newcomers open it; what it shows loads nothing from elsewhere."""
    text = (NGINX.parent / "pages" / "docs.html").read_text(encoding="utf-8")
    assert "try_files /docs.html =404;" in NGINX.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=.?(?:https?:)?//", text)


def test_the_gateway_serves_the_console_at_the_root_and_the_api_beside_it() -> None:
    configuration = NGINX.read_text(encoding="utf-8")
    assert "location / { proxy_pass http://console; }" in configuration
    beside = configuration.split("location /api/ {", 1)[1].split("}", 1)[0]
    assert "try_files /nothing @nothing;" in beside


@pytest.mark.parametrize(
    "limit",
    [
        "client_header_timeout",
        "client_body_timeout",
        "client_max_body_size 16m",
        "limit_conn ",
        "limit_req ",
        "large_client_header_buffers",
    ],
)
def test_the_gateway_limits_too(limit: str) -> None:
    assert re.search(rf"^\s*{limit}", NGINX.read_text(encoding="utf-8"), re.MULTILINE)


async def test_the_gateway_serves_the_documents_that_one_process_serves(tmp_path: Path) -> None:
    """``slm documents``, which runs when the image is built, writes the same documents that the running product
    answers.
    """
    documents.write_documents(tmp_path / "made")
    written = {str(path.relative_to(tmp_path / "made")): path for path in (tmp_path / "made").rglob("*.*")}
    async with open_installation(Settings(data_dir=tmp_path / "data")) as installation:
        transport = httpx.ASGITransport(installation.face)
        async with httpx.AsyncClient(transport=transport, base_url="http://slm") as client:
            whole = (await client.get("/openapi.json")).json()
            assert json.loads(written.pop(documents.OPENAPI).read_text(encoding="utf-8")) == whole
            types = whole["components"]["schemas"]["ProblemType"]["enum"]
            assert sorted(f"/{name.removesuffix('.html')}" for name in written) == types
            for path in types:
                assert (await client.get(path)).text == written[f"{path[1:]}.html"].read_text(encoding="utf-8"), path


def test_the_gateway_finds_the_documents_where_the_image_has_them() -> None:
    configuration = NGINX.read_text(encoding="utf-8")
    dockerfile = (NGINX.parent / "Dockerfile").read_text(encoding="utf-8")
    assert "RUN .venv/bin/slm documents /documents\n" in dockerfile
    assert "COPY --from=documents /documents /usr/share/nginx/documents\n" in dockerfile
    for path, found in (("= /openapi.json", None), ("~ ^/problems/(?<code>[a-z-]+)$", "/problems/$code.html")):
        body = configuration.split(f"location {path} {{", 1)[1].split("\n    }", 1)[0]
        assert "root /usr/share/nginx/documents;" in body
        assert found is None or f"try_files {found} @nothing;" in body
    assert f'add_header Content-Security-Policy "{reference.POLICY}" always;' in configuration


async def test_the_gateway_finds_the_token_endpoint_where_clients_look(database_url: str) -> None:
    assert f"location = {METADATA} {{ proxy_pass http://agreement; }}" in NGINX.read_text(encoding="utf-8")
    async with built("agreement", database_url) as app:
        assert face.well_known_paths([app]).keys() == {METADATA}


def resources_of_gateway(context: str) -> set[str]:
    """The resources that the gateway's configuration sends to a service."""
    pattern = rf"location ~ \^/api/v1/\(([a-z|-]+)\)\(/\|\$\) \{{\s*proxy_pass http://{context};"
    groups = re.findall(pattern, NGINX.read_text(encoding="utf-8"))
    return {resource for group in groups for resource in group.split("|")}


async def resources_of_service(context: str, database_url: str) -> set[str]:
    """The resources in the route table of a service, but for the one that all of them serve."""
    async with built(context, database_url) as app:
        return set(face.resources_of(app.http)) - {face.SHARED}


@asynccontextmanager
async def built(context: str, database_url: str) -> AsyncIterator[ServiceApp]:
    """Give the block a service that has been built and not started."""
    settings = contexts.settings_of(context)(database_url=database_url)
    await migrate(database_url, contexts.package_of(context))
    log = MemoryEventLog()
    await log.ensure_topics(topic_specs(partitions=1))
    app = await contexts.build_of(context)(settings, log, SystemClock())
    try:
        yield app
    finally:
        await app.database.close()
