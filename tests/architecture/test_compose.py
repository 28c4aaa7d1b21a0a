"""The compose file starts what the services are, and tells them what they understand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm import contexts
from slm_chassis.key_strength import explain_weakness
from slm_console.settings import ConsoleSettings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/compose/Dockerfile").read_text(encoding="utf-8")

every_context = pytest.mark.parametrize("context", contexts.CONTEXTS)


def test_compose_starts_the_services_their_stores_the_console_and_a_gateway() -> None:
    started = {name for name, service in COMPOSE["services"].items() if "profiles" not in service}
    assert started == {*contexts.CONTEXTS, "console", "gateway", "postgres", "kafka"}


def test_prometheus_and_grafana_start_only_on_request() -> None:
    on_request = {name: service["profiles"] for name, service in COMPOSE["services"].items() if "profiles" in service}
    assert on_request == {"prometheus": ["figures"], "grafana": ["figures"]}


def test_the_console_is_told_where_every_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPOSE["services"]["console"]["environment"].items():
        monkeypatch.setenv(name, defaulted(value))
    assert ConsoleSettings().addresses() == {context: f"http://{context}:8080" for context in contexts.CONTEXTS}
    assert "secrets" not in COMPOSE["services"]["console"], "the console has no key of its own"


@every_context
def test_a_service_is_started_alone_and_told_only_what_its_settings_know(
    context: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = COMPOSE["services"][context]
    assert service["command"] == ["python", "-m", f"slm_{context}"]
    settings = contexts.settings_of(context)
    known = {name.upper() for name in settings.model_fields}
    secrets = made_secrets(tmp_path)
    for name, value in service["environment"].items():
        own = name.removeprefix(f"SLM_{context.upper()}_").removesuffix("_FILE")
        assert own.removeprefix("SLM_") in known, f"{name} is no setting of {context}"
        monkeypatch.setenv(name, defaulted(value).replace("/run/secrets", str(secrets)))
    told = settings()
    assert told.database_url.endswith(f"/slm_{context}")
    assert told.log == "kafka://kafka:9092"
    assert (told.host, told.port) == ("0.0.0.0", 8080)
    assert told.bootstrap_key is not None


def test_every_file_that_compose_and_dockerfile_name_is_there() -> None:
    mounted = [
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", ())
        if isinstance(volume, str) and volume.startswith("./")
    ]
    copied = [
        path
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for path in line.split()[1:-1]
    ]
    built = {service["build"]["dockerfile"] for service in COMPOSE["services"].values() if "build" in service}
    for path in [*mounted, *copied, *built]:
        assert (ROOT / path).exists(), path


def test_the_build_may_copy_what_the_dockerfile_copies() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in DOCKERFILE.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            assert set(line.split()[1:-1]) <= set(let_in), line


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


def made_secrets(folder: Path) -> Path:
    """The secrets as the script makes them."""
    script = folder / "secrets"
    shutil.copy(ROOT / "deploy/compose/secrets", script)
    subprocess.run([str(script)], check=True, capture_output=True)
    return folder / "secrets.d"


def files_of(service: dict[str, Any]) -> set[str]:
    """The secrets that a service's environment names."""
    values = service.get("environment", {}).values()
    return {str(value).removeprefix("/run/secrets/") for value in values if str(value).startswith("/run/secrets/")}


def test_every_secret_is_made_at_random_and_kept_once_made(tmp_path: Path) -> None:
    folder = made_secrets(tmp_path)
    made = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"./deploy/compose/secrets.d/{name}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert explain_weakness(made["operator-key"].strip()) is None
    passwords = [content for name, content in made.items() if name.endswith("password")]
    assert len(set(passwords)) == len(contexts.CONTEXTS) + 2 and all(len(each.strip()) == 64 for each in passwords)
    assert made == {file.name: file.read_text() for file in made_secrets(tmp_path).iterdir()}
    other = tmp_path / "other"
    other.mkdir()
    assert not set(made.values()) & {file.read_text() for file in made_secrets(other).iterdir()}


def test_no_secret_has_a_default_or_stands_in_the_environment() -> None:
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            is_secret = any(word in variable for word in ("PASSWORD", "KEY", "DATABASE_URL"))
            assert not is_secret or str(value).startswith("/run/secrets/"), f"{name}: {variable}"
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "deploy/compose/secrets.d/" in ignored


@every_context
def test_a_service_is_given_the_secrets_it_needs_and_no_others(context: str) -> None:
    service = COMPOSE["services"][context]
    assert set(service["secrets"]) == {"operator-key", f"{context}-database-url"} == files_of(service)


def test_each_service_has_a_role_of_its_own(tmp_path: Path) -> None:
    folder = made_secrets(tmp_path)
    for context in contexts.CONTEXTS:
        password = (folder / f"{context}-password").read_text().strip()
        url = (folder / f"{context}-database-url").read_text().strip()
        assert url == f"postgresql://{context}:{password}@postgres:5432/slm_{context}"
    given = COMPOSE["services"]["postgres"]["secrets"]
    assert {"postgres-password", *(f"{context}-password" for context in contexts.CONTEXTS)} == set(given)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_can_do_nothing_it_need_not(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileges") and service.get("user") != "root"


def test_only_this_machine_can_connect() -> None:
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_images_are_named_by_their_full_version() -> None:
    images = {service["image"] for service in COMPOSE["services"].values() if "build" not in service}
    stages = dict(re.findall(r"^FROM (\S+) AS (\S+)", DOCKERFILE, flags=re.MULTILINE))
    images |= set(re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)) - set(stages.values())
    for image in images:
        version = re.search(r":v?(\d+(?:\.\d+)+)", image)
        # PostgreSQL counts in two numbers, the others in three.
        assert version and version[1].count(".") == (1 if image.startswith("postgres") else 2), image
