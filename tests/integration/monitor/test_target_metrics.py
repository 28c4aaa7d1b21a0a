"""The series for Prometheus over HTTP: what each party sees, as ``GET /targets`` shows it, and no target in silence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from fractions import Fraction
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from slm_chassis.identity import named_id
from slm_events.agreement import AgreementTerminated
from slm_events.instants import to_text
from slm_monitor.api.dependencies import TARGET_METRICS
from slm_monitor.application.reading.target_metric_catalogue import CATALOGUE
from tests.support import prometheus
from tests.support.monitor import CUSTOMER, HOUR, MINUTE, PROVIDER, SECOND, available, fast, finalized, resolved
from tests.support.monitor_service import FOREIGNER, Service, problem, publish

PATH = "/api/v1/target-metrics"
OF_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
VIEWS: dict[str, dict[str, Any]] = {
    "open": {"risks": "at_once", "live_figure": "yes"},
    "never": {"risks": "never", "live_figure": "yes"},
    "closed": {"risks": "never", "live_figure": "at_close"},
}
Key = tuple[tuple[str, str], ...]


class Series:
    """The series of one answer."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        self.samples = [sample for family in read_plain(answer.text) for sample in family.samples]
        keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in self.samples]
        assert len(set(keys)) == len(keys), "a series comes twice"

    def of(self, name: str, **labels: str) -> list[float]:
        """The values of a series with these labels among others."""
        return [each.value for each in self.samples if each.name == name and labels.items() <= each.labels.items()]

    def one(self, name: str, **labels: str) -> float | None:
        found = self.of(name, **labels)
        assert len(found) < 2, (name, labels, found)
        return found[0] if found else None

    def verdict(self, target_id: str) -> str | None:
        found = [
            each.labels["verdict"]
            for each in self.samples
            if each.name == "slm_target_verdict" and each.labels["target_id"] == target_id and each.value == 1
        ]
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def targets(self) -> list[str]:
        """The targets that have series."""
        return [each.labels["target_id"] for each in self.samples if each.name == "slm_target_info"]


def agreement(name: str) -> str:
    return named_id(PROVIDER, "agreement", "metric", name)


def target(name: str, key: str) -> str:
    return named_id(PROVIDER, "target", "metric", name, key)


def terms(name: str, warn_at: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the terms of a target of states, a target of values and a target of clocks."""
    owned = {"owner_party_id": PROVIDER}
    burn = [{"long": "PT1H", "short": "PT5M", "factor": "2"}]
    month = available("99", warn_at={**warn_at, "burn_rate": burn})
    values = {**fast("90", {"rolling": "PT1H"}), "key": "fast"}
    clock = resolved("PT4H", service_hours="24x7", warn_at={"elapsed": ["50"]})
    for each in (month, values, clock):
        kind = each["indicator"] and each["key"]
        yield {
            **each,
            "target_id": target(name, each["key"]),
            "service_id": f"metric-{name}",
            "indicator": {**owned, "key": f"metric.{name}.{kind}"} if kind else None,
            **({} if kind else {"applies_to": {"type": "incident", "source": [f"metric-{name}"]}}),
        }


def about(name: str, **more: Any) -> dict[str, Any]:
    return {
        "agreement_id": agreement(name),
        "agreement_key": f"metric-{name}",
        "service_id": f"metric-{name}",
        "service_key": f'web "{name}"',
        "title": f"Of {name}\\",
        **more,
    }


@pytest.fixture(scope="module", autouse=True)
async def played(service: Service) -> AsyncIterator[None]:
    """An agreement for each view, whose month is at risk and whose ticket is due soon."""
    now = service.clock.now()
    for name, view in VIEWS.items():
        await service.register(f"metric.{name}.availability", "availability")
        await service.register(f"metric.{name}.fast", "value", "ms")
        made = list(terms(name, {"budget_consumed": ["10", "50"], "projected": True}))
        await service.agree(finalized(*made, **about(name, customer_sees=view)))
    facts: list[dict[str, Any]] = []
    for name in VIEWS:
        states = {"indicator": f"metric.{name}.availability"}
        facts += [{**states, "at": "2026-11-01T00:00:00Z", "state": "up"}]
        facts += [{**states, "at": to_text(now - 4 * HOUR), "state": "down"}]
        values = {"indicator": f"metric.{name}.fast"}
        facts += [{**values, "at": to_text(now - n * MINUTE), "value": 100 if n > 2 else 900} for n in range(1, 31)]
    answer = await service.measure(*facts)
    opened = {"ticket": "1", "event": "opened", "type": "incident", "priority": "P1", "customer": CUSTOMER}
    tickets = [
        {**opened, "source": f"metric-{name}", "service": f'web "{name}"', "at": to_text(now - 3 * HOUR)}
        for name in VIEWS
    ]
    sent = await service.provider.post("/api/v1/ticket-events", json=tickets)
    for position in (answer["position"], sent.json()["position"]):
        await service.provider.get("/api/v1/targets", params={"min_position": position})
    yield


async def read(client: httpx.AsyncClient, **parameters: Any) -> Series:
    return Series(await client.get(PATH, params=parameters))


async def test_the_series_say_what_the_targets_say(service: Service) -> None:
    series = await read(service.provider)
    items = (await service.provider.get("/api/v1/targets", params={"limit": 200})).json()["items"]
    assert sorted(series.targets) == sorted(each["target_id"] for each in items)
    assert series.one("slm_targets_visible") == len(items) == 9
    assert series.one("slm_targets_left_out") == 0
    for item in items:
        target_id, present = item["target_id"], item["window"]
        assert series.verdict(target_id) == (present and present["verdict"])
        if present is not None:
            figure = float(Fraction(present["figure"]) / 100)
            assert series.one("slm_target_figure", target_id=target_id) == pytest.approx(figure, abs=1e-4)
            if (covered := present["detail"].get("coverage_percent")) is not None:
                shown = series.one("slm_target_coverage_ratio", target_id=target_id)
                assert shown == pytest.approx(float(Fraction(covered) / 100), abs=1e-3)
            budget = present["budget"]
            left = series.one("slo:period_error_budget_remaining:ratio", sloth_id=target_id)
            assert left == pytest.approx(float(1 - Fraction(budget["consumed_share"])), abs=1e-3)
        else:
            assert series.one("slm_target_clocks", target_id=target_id, state="running") == 1
            assert series.one("slm_target_time_to_deadline_seconds", target_id=target_id) == pytest.approx(3600, abs=90)


async def test_every_series_of_rules_and_dashboards_is_in_an_answer(service: Service) -> None:
    series = await read(service.provider)
    there = {each.name for each in series.samples}
    asked = {name for text in prometheus.dashboard_expressions() for name in prometheus.series_in(text)}
    asked |= {name for text in prometheus.rule_expressions() for name in prometheus.series_in(text)}
    assert asked and asked - there == set()
    # Of a measurement that has stopped, and of a verdict without one, other tests tell.
    assert {each.name for each in CATALOGUE} - there <= {"slm_target_no_data_seconds"}


async def test_the_customer_sees_no_more_than_in_the_lists(service: Service) -> None:
    of_provider, of_customer = await read(service.provider), await read(service.customer)
    month = {name: target(name, "availability") for name in VIEWS}
    assert {of_provider.verdict(each) for each in month.values()} == {"at_risk"}
    assert {name: of_customer.verdict(each) for name, each in month.items()} == {
        "open": "at_risk", "never": "met", "closed": "met",
    }  # fmt: skip
    tell = ("slm_target_time_to_breach_seconds", "slm_target_warnings", "slo:current_burn_rate:ratio",
            "slo:sli_error:ratio_rate1h")  # fmt: skip
    for name in tell:
        for view, target_id in month.items():
            assert of_provider.of(name, target_id=target_id), (name, view)
            assert bool(of_customer.of(name, target_id=target_id)) == (view == "open"), (name, view)
    figures = ("slm_target_figure", "slm_target_error_ratio", "slm_target_budget_left_seconds",
               "slo:period_burn_rate:ratio", "slo:period_error_budget_remaining:ratio")  # fmt: skip
    for name in figures:
        for view, target_id in month.items():
            assert of_provider.of(name, target_id=target_id), (name, view)
            assert bool(of_customer.of(name, target_id=target_id)) == (view != "closed"), (name, view)


async def test_strangers_see_nothing_and_viewers_and_operators_do(service: Service) -> None:
    stranger = await read(service.foreigner)
    assert (stranger.targets, stranger.one("slm_targets_visible")) == ([], 0)
    assert {each.name for each in stranger.samples} == {
        "slm_targets_visible", "slm_targets_left_out", "slm_targets_as_of_timestamp_seconds",
    }  # fmt: skip
    asked = await read(service.foreigner, agreement_id=agreement("open"))
    assert asked.targets == []
    everything = (await read(service.provider)).targets
    assert (await read(service.viewer)).targets == everything
    assert set(everything) <= set((await read(service.operator)).targets)
    assert problem(await service.client("").get(PATH))["type"] == "/problems/no-key"


async def test_what_is_above_the_limit_is_counted_and_can_be_asked_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TARGET_METRICS.find(service.app.http), "most", 4)
    first = await read(service.provider)
    assert (len(first.targets), first.one("slm_targets_visible"), first.one("slm_targets_left_out")) == (4, 9, 5)
    assert (await read(service.provider)).targets == first.targets, "always the same ones"
    found: set[str] = set()
    for name in VIEWS:
        some = await read(service.provider, agreement_id=agreement(name))
        assert (some.one("slm_targets_visible"), some.one("slm_targets_left_out")) == (3, 0)
        found |= set(some.targets)
    assert len(found) == 9
    two = await read(service.provider, service_id=["metric-open", "metric-never"])
    assert two.one("slm_targets_visible") == 6
    both = await read(service.provider, service_id="metric-open", agreement_id=agreement("never"))
    assert both.one("slm_targets_visible") == 0


async def test_the_client_chooses_the_format(service: Service) -> None:
    answer = await service.provider.get(PATH, headers={"Accept": OF_PROMETHEUS})
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    families = {family.name: family for family in read_openmetrics(answer.text)}
    assert families["slm_target"].type == families["sloth_slo"].type == "info"
    assert answer.text.endswith("# EOF\n")
    titles = {sample.labels["agreement_title"] for sample in families["slm_target"].samples}
    assert titles == {f"Of {name}\\" for name in VIEWS}
    assert {sample.labels["service"] for sample in families["slm_target"].samples} == {
        f'web "{name}"' for name in VIEWS
    }
    for accepted in ("text/plain", "*/*", "text/*;q=0.2"):
        plain = await service.provider.get(PATH, headers={"Accept": accepted})
        assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", accepted
    refused = await service.provider.get(PATH, headers={"Accept": "application/json"})
    assert problem(refused)["status"] == 406


async def test_burn_rates_are_those_of_the_last_minutes_and_hours(service: Service) -> None:
    """The month has been down for four hours. There is one value for each minute, and the last two values are bad."""
    series = await read(service.provider)
    errors = [f"slo:sli_error:ratio_rate{window}" for window in ("5m", "30m", "1h", "6h")]
    month = target("open", "availability")
    assert [series.one(name, sloth_id=month) for name in errors[:3]] == [1, 1, 1]
    assert series.one(errors[3], sloth_id=month) == pytest.approx(4 / 6, abs=0.02)
    assert series.one("slo:current_burn_rate:ratio", sloth_id=month) == pytest.approx(100)
    values = target("open", "fast")
    assert 0 < (series.one(errors[0], sloth_id=values) or 0) <= 0.7
    assert series.one(errors[3], sloth_id=values) == pytest.approx(2 / 30, abs=0.01)
    assert series.of(errors[0], sloth_id=target("open", "p1-resolution")) == []


async def test_all_is_as_of_one_instant(service: Service) -> None:
    """The month is down, so with every second there is a second less of it: both series say of which one."""
    asked = await read(service.provider, agreement_id=agreement("open"))
    month = target("open", "availability")
    as_of = asked.one("slm_targets_as_of_timestamp_seconds")
    left = asked.one("slm_target_window_left_seconds", target_id=month)
    assert as_of is not None and left is not None
    ends = 1_796_083_200  # 2026-12-01
    assert int(ends - as_of) == left


async def test_targets_that_are_not_judged_now_have_no_series(service: Service) -> None:
    """Of agreements that have ended, have not begun or have expired, and the target above its instances.

    The last test of the module, because it makes further targets.
    """
    now = service.clock.now()
    cases: dict[str, dict[str, Any]] = {
        "ended": {},
        "future": {"effective_at": to_text(now + HOUR)},
        "expired": {"expires_at": to_text(now - HOUR)},
        "another": {"customer_party_id": FOREIGNER, "provider_party_id": FOREIGNER},
    }
    clocks: dict[str, str] = {}
    for name, more in cases.items():
        made = [each for each in terms(name, {}) if each["key"] != "fast"]
        await publish(service.log, finalized(*made, **about(name, **more)))
        clocks[name] = target(name, "p1-resolution")
    parties = {"provider_party_id": PROVIDER, "customer_party_id": CUSTOMER}
    end = {"agreement_id": agreement("ended"), "version": 1, "at": to_text(now - SECOND), "reason": "sold"}
    await publish(service.log, AgreementTerminated(**parties, **end))
    await service.register("metric.grouped", "value", "ms")
    grouped = {
        **fast("90", {"rolling": "PT1H"}, group_by=["region"]),
        "target_id": target("grouped", "fast"),
        "indicator": {"owner_party_id": PROVIDER, "key": "metric.grouped"},
    }
    await service.agree(finalized(grouped, **about("grouped")))
    fact = {"indicator": "metric.grouped", "at": to_text(now - MINUTE), "value": 1, "labels": {"region": "north"}}
    sent = await service.measure(fact)
    series = await read(service.provider, min_position=sent["position"])
    assert not set(clocks.values()) & set(series.targets)
    labels = [each.labels for each in series.samples if each.name == "slm_target_info"]
    assert [each["target"] for each in labels if each["agreement"] == "metric-grouped"] == ["fast-pt1h[north]"]
    known = {each["target_id"] for name in cases for each in await service.targets(agreement(name))}
    assert clocks["ended"] in known, "the lists still show it"
