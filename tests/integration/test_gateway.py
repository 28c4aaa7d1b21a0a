"""The compose gateway serves what the services' own route tables say: no resource more, none less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slm import contexts, face
from slm_chassis.app import topics
from slm_chassis.clock import SystemClock
from slm_chassis.log.memory import MemoryEventLog
from slm_chassis.migrations import migrate

NGINX = Path(__file__).resolve().parents[2] / "deploy/compose/nginx.conf"


@pytest.mark.parametrize("context", contexts.CONTEXTS)
async def test_the_gateway_serves_what_a_service_serves(context: str, database_url: str) -> None:
    assert resources_of_gateway(context) == await resources_of_service(context, database_url)


@pytest.mark.parametrize("page", ["index.html", "docs.html"])
def test_the_gateway_serves_a_front_page_and_the_documents(page: str) -> None:
    """Newcomers open the address itself; what it shows loads nothing from elsewhere."""
    text = (NGINX.parent / "pages" / page).read_text(encoding="utf-8")
    assert f"try_files /{page} =404;" in NGINX.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=.?(?:https?:)?//", text)


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


def resources_of_gateway(context: str) -> set[str]:
    """The resources that the gateway's configuration sends to a service."""
    pattern = rf"location ~ \^/api/v1/\(([a-z|-]+)\)\(/\|\$\) \{{\s*proxy_pass http://{context};"
    groups = re.findall(pattern, NGINX.read_text(encoding="utf-8"))
    return {resource for group in groups for resource in group.split("|")}


async def resources_of_service(context: str, database_url: str) -> set[str]:
    """The resources in the route table of a service, but for the one that all of them serve."""
    settings = contexts.settings_of(context)(database_url=database_url)
    await migrate(database_url, contexts.package_of(context))
    log = MemoryEventLog()
    await log.ensure_topics(topics(partitions=1))
    app = await contexts.build_of(context)(settings, log, SystemClock())
    try:
        return set(face.resources_of(app.http)) - {face.SHARED}
    finally:
        await app.database.close()
