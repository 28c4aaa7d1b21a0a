"""The compose file starts what the services are, and tells them what they understand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm import contexts

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")

every_context = pytest.mark.parametrize("context", contexts.CONTEXTS)


def test_compose_starts_four_services_their_stores_and_a_gateway() -> None:
    assert set(COMPOSE["services"]) == {*contexts.CONTEXTS, "gateway", "postgres", "kafka"}


@every_context
def test_a_service_is_started_alone_and_told_only_what_its_settings_know(
    context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = COMPOSE["services"][context]
    assert service["command"] == ["python", "-m", f"slm_{context}"]
    settings = contexts.settings_of(context)
    known = {name.upper() for name in settings.model_fields}
    for name, value in service["environment"].items():
        own = name.removeprefix(f"SLM_{context.upper()}_")
        assert own.removeprefix("SLM_") in known, f"{name} is no setting of {context}"
        monkeypatch.setenv(name, defaulted(value))
    told = settings()
    assert told.database_url.endswith(f"/slm_{context}")
    assert told.log == "kafka://kafka:9092"
    assert (told.host, told.port) == ("0.0.0.0", 8080)


def test_every_file_that_compose_and_dockerfile_name_is_there() -> None:
    mounted = [volume.split(":")[0] for volume in COMPOSE["services"]["gateway"]["volumes"]]
    copied = [
        path
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for path in line.split()[1:-1]
    ]
    for path in [*mounted, *copied, COMPOSE["services"]["monitor"]["build"]["dockerfile"]]:
        assert (ROOT / path).exists(), path


def test_everything_that_is_waited_for_says_when_it_is_ready() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        for needed, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in services[needed], needed


def test_the_image_is_built_with_the_uv_of_make_setup() -> None:
    wanted = re.search(r"uv_version=(\S+)", (ROOT / "tools/setup").read_text(encoding="utf-8"))
    assert wanted is not None
    assert f"uv=={wanted[1]}\n" in DOCKERFILE


def defaulted(value: str) -> str:
    """``${NAME:-default}`` → ``default``, as compose does where the environment is empty."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
