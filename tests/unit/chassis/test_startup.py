"""Settings that a process cannot start with are named, each with its remedy, before anything is started."""

from __future__ import annotations

import os
import secrets

import pytest

from slm_chassis import startup
from slm_chassis.access import new_key
from slm_chassis.key_strength import explain_weakness
from slm_report.settings import ReportSettings

RIGHT = {
    "SLM_LOG": "postgresql://slm@db:5432/slm_log",
    "SLM_REPORT_DATABASE_URL": "postgresql://slm@db:5432/slm_report",
    "SLM_REPORT_PORT": "8083",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Of a service that has all it needs."""
    for name in [name for name in os.environ if name.startswith("SLM_")]:
        monkeypatch.delenv(name)
    for name, value in RIGHT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_that_are_right_are_read(environment: pytest.MonkeyPatch) -> None:
    assert startup.read_settings(ReportSettings, ReportSettings).port == 8083


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SLM_REPORT_PORT": "http"}, ["SLM_REPORT_PORT", "'http'"]),
        ({"SLM_PARTITIONS": "0"}, ["SLM_PARTITIONS", "greater than or equal to 1"]),
        ({"SLM_LOG": "kafka://broker"}, ["SLM_LOG", "kafka://host:9092"]),
        ({"SLM_LOG": "amqp://broker:1"}, ["SLM_LOG", "kafka://host:9092"]),
        ({"SLM_REPORT_DATABASE_URL": "mysql://db/slm"}, ["SLM_REPORT_DATABASE_URL", "mysql", "postgresql://"]),
        ({"SLM_REPORT_DATABASE_URL": "postgresql://db:port/slm"}, ["SLM_REPORT_DATABASE_URL", "postgresql://"]),
        ({"SLM_REPORT_DATABASE_URL": "postgresql://db"}, ["SLM_REPORT_DATABASE_URL", "names no database"]),
        ({"SLM_BOOTSTRAP_KEY_FILE": "/nowhere"}, ["SLM_BOOTSTRAP_KEY_FILE", "/nowhere", "cannot be read"]),
        ({"SLM_KAFKA_TLS": "perhaps"}, ["SLM_KAFKA_TLS", "'perhaps'"]),
        ({"SLM_POSTGRES_ROOT_CERTIFICATE": "/nowhere"}, ["SLM_POSTGRES_ROOT_CERTIFICATE", "/nowhere"]),
    ],
)
def test_a_wrong_variable_is_named_with_its_remedy(
    environment: pytest.MonkeyPatch, wrong: dict[str, str], words: list[str]
) -> None:
    for name, value in wrong.items():
        environment.setenv(name, value)
    with pytest.raises(startup.StartupFailed) as failed:
        startup.read_settings(ReportSettings, ReportSettings)
    assert all(word in str(failed.value) for word in words), failed.value


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "slm_given",
        "operator-key-of-the-compose-example",
        "a" * 64,
        "0123456789abcdef" * 4,
        "changeme" * 8,
        pytest.param("slm_" + secrets.token_urlsafe(12), id="96 bits"),
        "correct horse battery staple " * 3,
        "Passw0rd!" * 6,
    ],
)
def test_an_operator_key_that_can_be_guessed_is_refused_and_not_repeated(
    environment: pytest.MonkeyPatch, key: str
) -> None:
    environment.setenv("SLM_BOOTSTRAP_KEY", key)
    with pytest.raises(startup.StartupFailed) as failed:
        startup.read_settings(ReportSettings, ReportSettings)
    said = str(failed.value)
    assert "SLM_BOOTSTRAP_KEY" in said and "secrets.token_urlsafe(32)" in said
    assert key not in said.replace("SLM_BOOTSTRAP_KEY", "") or len(key) == 1


def test_no_key_that_the_product_makes_can_be_guessed() -> None:
    assert {explain_weakness(new_key()) for _ in range(1_000)} == {None}
