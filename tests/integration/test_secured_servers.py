"""TLS to PostgreSQL and Kafka, and logins to Kafka, each against a real server that insists on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.kafka_clients import KafkaSecurity
from slm_chassis.log.port import LogUnavailable, Record, TopicSpec
from tests.support import real
from tests.support.postgres import fresh_name, session
from tests.support.processes import free_port, started
from tests.support.secured import (
    KAFKA_PASSWORD,
    MECHANISMS,
    PASSWORD,
    USER,
    SecuredKafka,
    SecuredPostgres,
    certificates,
    secured_kafka,
    system_postgres,
)


@pytest.fixture(scope="module")
def server() -> Iterator[SecuredPostgres]:
    programs = system_postgres()
    if programs is None:
        pytest.skip("no PostgreSQL of this machine that speaks TLS: install Debian's package postgresql")
    made = SecuredPostgres(programs)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def broker() -> Iterator[SecuredKafka]:
    try:
        made = secured_kafka()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    yield made
    made.remove()


def url(server: SecuredPostgres, database: str, query: str = "", password: str = PASSWORD) -> str:
    return f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{server.port}/{database}{query}"


async def test_a_service_runs_on_a_postgres_that_asks_for_tls(server: SecuredPostgres, tmp_path: Path) -> None:
    """Once told in the addresses, once by settings for all of them."""
    checked = f"?sslmode=verify-full&sslrootcert={server.certificates.authority}"
    by_settings = {
        "SLM_POSTGRES_SSLMODE": "verify-full",
        "SLM_POSTGRES_ROOT_CERTIFICATE": str(server.certificates.authority),
    }
    for query, more in ((checked, {}), ("", by_settings)):
        port = free_port()
        environment = {
            "SLM_LOG": url(server, fresh_name("slm_log"), query),
            "SLM_REPORT_DATABASE_URL": url(server, fresh_name("slm_report"), query),
            "SLM_REPORT_PORT": str(port),
            **more,
        }
        async with started(["slm_report"], tmp_path / "output", port, environment) as running:
            await running.ready()
            connection = await asyncpg.connect(url(server, "postgres", checked))
            clear = await connection.fetchval(
                "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                " WHERE backend_type = 'client backend' AND NOT ssl"
            )
            served = await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'slm%' AND backend_type = 'client backend'"
            )
            await connection.close()
            assert clear == 0 and served > 3
            assert await running.stop() == 0, running.said()


async def test_a_postgres_of_another_authority_is_not_believed(server: SecuredPostgres, tmp_path: Path) -> None:
    other = certificates(tmp_path / "others")
    environment = {
        "SLM_LOG": session().url(fresh_name("slm_log")),
        "SLM_REPORT_DATABASE_URL": url(server, fresh_name("slm_report")),
        "SLM_REPORT_PORT": str(free_port()),
        "SLM_POSTGRES_SSLMODE": "verify-full",
        "SLM_POSTGRES_ROOT_CERTIFICATE": str(other.authority),
        "SLM_START_SECONDS": "1",
    }
    async with started(["slm_report"], tmp_path / "output", 0, environment) as running:
        assert await running.process.wait() == 1
        said = running.said()
    assert "SLM_REPORT_DATABASE_URL" in said and "certificate" in said.lower()
    assert PASSWORD not in said and quote(PASSWORD, safe="") not in said


async def appended(address: str, security: KafkaSecurity) -> bytes:
    """Append and read back a record over the listener at the address."""
    log = await open_log(f"kafka://{address}", clock=SystemClock(), client="secured", security=security)
    try:
        topic = fresh_name("topic")
        await log.ensure_topics([TopicSpec(topic, 1)])
        await log.append(topic, [Record("key", b"said in confidence")])
        async for batch in log.tail([topic], dict.fromkeys([(topic, 0)], 0)):  # type: ignore[arg-type]
            return batch.records[0].value
        raise AssertionError
    finally:
        await log.close()


async def test_kafka_is_spoken_to_by_tls(broker: SecuredKafka) -> None:
    trusted = KafkaSecurity(tls=True, root_certificate=broker.certificates.authority)
    assert await appended(broker.tls, trusted) == b"said in confidence"
    for wrong in (KafkaSecurity(tls=True), KafkaSecurity()):
        with pytest.raises(LogUnavailable):
            await appended(broker.tls, wrong)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("tls", [True, False])
async def test_kafka_is_logged_in_to(broker: SecuredKafka, mechanism: str, tls: bool) -> None:
    authority = broker.certificates.authority if tls else None
    address = broker.both if tls else broker.login
    right = KafkaSecurity(tls=tls, root_certificate=authority, sasl=mechanism, user=USER, password=KAFKA_PASSWORD)
    assert await appended(address, right) == b"said in confidence"
    wrong = KafkaSecurity(tls=tls, root_certificate=authority, sasl=mechanism, user=USER, password="guessed")
    with pytest.raises(LogUnavailable):
        await appended(address, wrong)


async def test_a_service_runs_on_a_kafka_with_tls_and_a_login(
    broker: SecuredKafka, tmp_path: Path, postgres: object
) -> None:
    (tmp_path / "password").write_text(KAFKA_PASSWORD + "\n")
    port = free_port()
    environment = {
        "SLM_LOG": f"kafka://{broker.both}",
        "SLM_KAFKA_TLS": "true",
        "SLM_KAFKA_ROOT_CERTIFICATE": str(broker.certificates.authority),
        "SLM_KAFKA_SASL": "SCRAM-SHA-512",
        "SLM_KAFKA_USER": USER,
        "SLM_KAFKA_PASSWORD_FILE": str(tmp_path / "password"),
        "SLM_REPORT_DATABASE_URL": session().url(fresh_name("slm_report")),
        "SLM_REPORT_PORT": str(port),
    }
    async with started(["slm_report"], tmp_path / "output", port, environment) as running:
        await running.ready()
        assert await running.stop(seconds=60) == 0, running.said()
    assert KAFKA_PASSWORD not in running.said()


@pytest.mark.parametrize(
    ("security", "words"),
    [
        (KafkaSecurity(sasl="PLAIN"), "SLM_KAFKA_USER"),
        (KafkaSecurity(user="slm"), "SLM_KAFKA_SASL"),
        (KafkaSecurity(root_certificate=Path("/x")), "SLM_KAFKA_TLS"),
    ],
)
async def test_settings_of_kafka_that_do_not_fit_together_are_refused(security: KafkaSecurity, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        await open_log("kafka://127.0.0.1:1", clock=SystemClock(), client="secured", security=security)
