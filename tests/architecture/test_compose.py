"""The compose file starts what the services are, and the gateway serves what their route tables say."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import APIRouter
from starlette.routing import BaseRoute

from slm_chassis.settings import ServiceSettings

ROOT = Path(__file__).resolve().parents[2]
CONTEXTS = ("agreement", "monitor", "report", "review")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
GATEWAY = (ROOT / "deploy/compose/nginx.conf").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")

every_context = pytest.mark.parametrize("context", CONTEXTS)


def test_compose_starts_four_services_their_stores_and_a_gateway() -> None:
    assert set(COMPOSE["services"]) == {*CONTEXTS, "gateway", "postgres", "kafka"}


@every_context
def test_a_service_is_started_alone_and_told_only_what_its_settings_know(
    context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = COMPOSE["services"][context]
    assert service["command"] == ["python", "-m", f"slm_{context}"]
    settings = settings_of(context)
    known = {name.upper() for name in settings.model_fields}
    for name, value in service["environment"].items():
        own = name.removeprefix(f"SLM_{context.upper()}_")
        assert own.removeprefix("SLM_") in known, f"{name} is no setting of {context}"
        monkeypatch.setenv(name, defaulted(value))
    told = settings()
    assert told.database_url.endswith(f"/slm_{context}")
    assert told.log == "kafka://kafka:9092"
    assert (told.host, told.port) == ("0.0.0.0", 8080)


@every_context
def test_the_gateway_serves_what_a_service_serves(context: str) -> None:
    assert resources_of_gateway(context) == resources_of_service(context)


def test_no_two_services_serve_the_same_resource() -> None:
    served = [resource for context in CONTEXTS for resource in resources_of_service(context)]
    assert len(served) == len(set(served))


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


def settings_of(context: str) -> type[ServiceSettings]:
    """The settings class of a service, found in its ``settings.py``."""
    module = importlib.import_module(f"slm_{context}.settings")
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    return next(found for found in classes if issubclass(found, ServiceSettings) and found.context == context)


def defaulted(value: str) -> str:
    """``${NAME:-default}`` → ``default``, as compose does where the environment is empty."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))


def resources_of_gateway(context: str) -> set[str]:
    pattern = rf"location ~ \^/api/v1/\(([a-z|-]+)\)\(/\|\$\) \{{\s*proxy_pass http://{context};"
    return {resource for group in re.findall(pattern, GATEWAY) for resource in group.split("|")}


def resources_of_service(context: str) -> set[str]:
    paths = {str(getattr(route, "path", "")) for route in routes_of_service(context)}
    return {found[1] for path in paths if (found := re.match(r"/api/v1/([a-z-]+)", path))}


def routes_of_service(context: str) -> list[BaseRoute]:
    """The routes of every router and the single routes that stand in the modules of ``api/``."""
    package = importlib.import_module(f"slm_{context}.api")
    routes: list[BaseRoute] = []
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(found.name)).values():
            if isinstance(value, APIRouter):
                routes += value.routes
            elif isinstance(value, BaseRoute):
                routes.append(value)
    return routes
