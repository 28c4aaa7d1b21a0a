"""The findings that follow from a back-test, and whose measurements it may look at."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from slm_agreement.domain.checks import measuring_rate, offered_measurements, revision_backtest
from slm_agreement.domain.checks.revision_backtest import RevisionBacktest
from slm_agreement.domain.contracting import negotiation
from slm_agreement.domain.contracting.negotiation import CounterRevision
from slm_agreement.domain.versions.agreement import Version
from tests.unit.agreement.people import ADA, CARL, CUSTOMER, NOW, PROVIDER, draft, resolved

MONTH = [{"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}]
AS_OF = "2026-12-01T10:00:00Z"
FRESH = {"last_at": "2026-12-01T09:00:00Z", "in_7_days": 2016, "is_sampled": True, "is_silent": False}
NEVER = {"last_at": None, "in_7_days": 0, "is_sampled": False, "is_silent": False}


def result(met: int, judged: int, measured: dict[str, Any] = FRESH, **more: Any) -> dict[str, Any]:
    """A target's result: so many of the judged windows met the objective."""
    share = str(Fraction(met, judged)) if judged else None
    summary = {
        "judged": judged,
        "met": met,
        "tickets": None,
        "attained_share": share,
        "worst": None,
        "prices": None,
        "suggested_objective": None,
        **more,
    }
    return {"state": "done", "reason": None, "as_of": AS_OF, "windows": [], "result": summary, "measured": measured}


def severities(version: Version, backtest: RevisionBacktest | None) -> list[tuple[str, str]]:
    return [(each.code, each.severity) for each in revision_backtest.find_backtest_findings(version, backtest)]


def backtest_with(version: Version, *results: dict[str, Any], withheld: Any = None) -> RevisionBacktest:
    keys = [target["key"] for target in version.current.document["targets"]]
    found = dict(zip(keys, results, strict=False))
    return RevisionBacktest(version.current.hash, "a", 1, "b", NOW, withheld or {}, found)


def proposed() -> Version:
    version = draft()
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    return version


@pytest.mark.parametrize(
    ("met", "severity"), [(12, None), (11, None), (10, "warning"), (6, "warning"), (5, "error"), (0, "error")]
)
def test_fewer_than_nine_tenths_warn_and_fewer_than_half_refuse(met: int, severity: str | None) -> None:
    version = proposed()
    expected = [] if severity is None else [("realistic.missed", severity)]
    assert severities(version, backtest_with(version, result(met, 12))) == expected


@pytest.mark.parametrize(("met", "judged"), [(0, 1), (0, 2), (1, 2)])
def test_fewer_than_three_windows_refuse_no_promise(met: int, judged: int) -> None:
    version = proposed()
    [finding] = revision_backtest.find_backtest_findings(version, backtest_with(version, result(met, judged)))
    assert (finding.code, finding.severity) == ("realistic.little-history", "information")
    assert finding.value == f"{met} of {judged} periods met"
    assert severities(version, backtest_with(version, result(judged, judged))) == []


def test_three_windows_refuse_a_promise() -> None:
    version = proposed()
    assert severities(version, backtest_with(version, result(1, 3))) == [("realistic.missed", "error")]
    assert severities(version, backtest_with(version, result(2, 3))) == [("realistic.missed", "warning")]


def test_fewer_than_three_single_tickets_refuse_no_promise() -> None:
    version = proposed()
    few = result(0, 12, tickets={"judged": 2, "met": 0}, attained_share="0")
    assert severities(version, backtest_with(version, few)) == [("realistic.little-history", "information")]
    many = result(1, 1, tickets={"judged": 100, "met": 40}, attained_share="2/5")
    assert severities(version, backtest_with(version, many)) == [("realistic.missed", "error")]


def test_tickets_are_the_windows_of_a_target_of_single_tickets() -> None:
    version = proposed()
    one = result(3, 12, tickets={"judged": 1000, "met": 990}, attained_share="99/100")
    assert severities(version, backtest_with(version, one)) == []


def test_a_result_that_has_not_come_is_an_information() -> None:
    assert severities(draft(), None) == []
    version = proposed()
    assert severities(version, None) == [("realistic.running", "information")]
    assert severities(version, backtest_with(version)) == [("realistic.running", "information")]


def test_only_an_indicator_that_fell_silent_is_a_warning() -> None:
    version = proposed()
    history = ("realistic.no-history", "information")
    assert severities(version, backtest_with(version, result(0, 0, NEVER))) == [history]
    assert severities(version, backtest_with(version, result(0, 0))) == [history]
    silent = {**NEVER, "is_silent": True}
    missing = ("measurable.no-data", "warning")
    assert severities(version, backtest_with(version, result(0, 0, silent))) == [missing, history]
    assert severities(version, backtest_with(version, result(12, 12, silent))) == [missing]


def test_terms_that_cannot_be_evaluated_are_named_with_the_missing_history() -> None:
    version = proposed()
    failed = {**result(0, 0, NEVER), "state": "failed", "result": None}
    [finding] = revision_backtest.find_backtest_findings(version, backtest_with(version, failed))
    assert (finding.severity, "these could not be evaluated: " in finding.remedy) == ("information", True)


def test_probes_must_be_closer_than_the_downtime_that_is_allowed() -> None:
    """99.99 % of 30 days leaves 4 min 19 s; 2,016 probes in 7 days are 5 min apart."""
    target = {"aggregation": "availability", "objective": {"at_least": "99.99", "unit": "percent"}}
    seen = {**result(12, 12), "windows": MONTH}
    [finding] = measuring_rate.find_rate_findings(target, seen, "targets[0]")
    assert finding.value == "one probe every 5 min"
    assert finding.remedy.startswith(
        "99.99% of 30 d leaves 4 min 19 s of downtime, and 2016 probes in 7 days are 5 min apart: "
    )
    often = {**seen, "measured": {**FRESH, "in_7_days": 10_080}}
    assert list(measuring_rate.find_rate_findings(target, often, "targets[0]")) == []
    changes = {**seen, "measured": {**FRESH, "is_sampled": False}}
    assert list(measuring_rate.find_rate_findings(target, changes, "targets[0]")) == []


def test_so_few_events_that_one_is_a_breach_are_a_warning() -> None:
    target = {"aggregation": "ratio", "objective": {"at_least": "99.9", "unit": "percent"}}
    seen = {**result(12, 12), "windows": MONTH, "measured": {**FRESH, "in_7_days": 70}}
    [finding] = measuring_rate.find_rate_findings(target, seen, "targets[0]")
    assert finding.remedy.startswith(
        "99.9% of 300 events in a period allows 0.3 bad ones, so the first one is a breach"
    )


def with_indicator(key: str, owner: str = "provider") -> dict[str, Any]:
    document = resolved()
    named = {**document["targets"][0]["indicator"], "key": key}
    named["owner_party_id"] = PROVIDER if owner == "provider" else CUSTOMER
    return {**document, "targets": [{**document["targets"][0], "indicator": named}]}


def withheld(version: Version) -> dict[str, str]:
    return offered_measurements.find_withheld_targets(version, [])


def test_each_party_sees_its_own_measurements_in_its_own_draft() -> None:
    assert withheld(draft(targets=with_indicator("a")["targets"])) == {}
    theirs = draft(targets=with_indicator("a", "customer")["targets"])
    assert list(withheld(theirs).values()) == [CUSTOMER]


def test_an_indicator_is_offered_only_by_its_owners_proposal() -> None:
    version = proposed()
    assert withheld(version) == {}
    negotiation.record_counter_proposal(
        version, version.current.hash, CounterRevision(with_indicator("guessed"), None), CARL, NOW
    )
    assert list(withheld(version).values()) == [PROVIDER]
    negotiation.record_counter_proposal(
        version, version.current.hash, CounterRevision({**with_indicator("guessed"), "title": "Ours"}, None), ADA, NOW
    )
    assert withheld(version) == {}
