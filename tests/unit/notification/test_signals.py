"""Which events open, acknowledge and end an alert, and that what ends one has the key of what opened it."""

from __future__ import annotations

from typing import Any

import pytest

from slm_notification.domain import channels
from slm_notification.domain.signals import alert_key, opening_types, signal_of
from tests.unit.notification.test_event_filters import NAMES, endpoint, heard, parties_of, sample

PRE = "slm.monitor."
IDS = {"breach_id": "b", "risk_id": "r", "cause_id": "c", "indicator": "p/k", "target_id": "t"}
ENDS = {
    "target-recovered.v1": "target-breached.v1",
    "breach-withdrawn.v1": "target-breached.v1",
    "breach-closed.v1": "target-breached.v1",
    "risk-cleared.v1": "target-at-risk.v1",
    "indicator-resumed.v1": "indicator-stale.v1",
    "target-judgeable.v1": "target-unjudgeable.v1",
}


def told(name: str, **changed: Any) -> Any:
    data = sample(name).data
    known = {key: value for key, value in IDS.items() if hasattr(data, key)}
    return signal_of(sample(name, **{**known, **changed}).data)


def tool(kind: str, party_id: str, **wanted: Any) -> Any:
    found = endpoint(party_id, **wanted)
    object.__setattr__(found, "kind", kind)
    return found


@pytest.mark.parametrize(("end", "beginning"), ENDS.items())
def test_what_ends_an_alert_has_the_key_of_what_opens_it(end: str, beginning: str) -> None:
    over, opened = told(PRE + end), told(PRE + beginning)
    assert (opened.action, over.action, over.key) == ("trigger", "resolve", opened.key)
    assert PRE + beginning in opening_types(PRE + end) and PRE + beginning in opening_types(PRE + beginning)
    assert over.name == opened.name and over.path.startswith("/")


@pytest.mark.parametrize("outcome", ["averted", "breached", "window_closed"])
def test_a_risk_that_is_over_is_resolved_however_it_ended(outcome: str) -> None:
    assert told(f"{PRE}risk-cleared.v1", outcome=outcome).action == "resolve"


def test_an_acknowledgement_is_of_the_breach_and_a_revision_changes_no_alert() -> None:
    acknowledged = told(f"{PRE}breach-acknowledged.v1")
    assert (acknowledged.action, acknowledged.key) == ("acknowledge", told(f"{PRE}target-breached.v1").key)
    assert told(f"{PRE}breach-revised.v1") is None


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        ({"change": "created", "end_at": None}, "trigger"),
        ({"change": "revised", "end_at": None}, "trigger"),
        ({"change": "ended", "end_at": "2026-11-22T11:00:00.000000Z"}, "resolve"),
        ({"change": "replaced", "end_at": None}, "resolve"),
        ({"change": "withdrawn", "end_at": None}, "resolve"),
    ],
)
def test_a_cause_is_open_while_its_outage_lasts(changed: dict[str, Any], action: str) -> None:
    assert told(f"{PRE}cause-revised.v1", **changed).action == action


@pytest.mark.parametrize("history", [{"importing": True}, {"import_id": "i"}, {"catch_up": 2}])
def test_history_opens_nothing_but_ends_what_is_open(history: dict[str, Any]) -> None:
    for name in ("target-breached.v1", "target-at-risk.v1"):
        assert told(PRE + name, **history) is None
    for name in ("breach-withdrawn.v1", "risk-cleared.v1"):
        assert told(PRE + name, **history).action == "resolve"


def test_severity_follows_level_and_time_left() -> None:
    assert told(f"{PRE}target-breached.v1", level="unacceptable").severity == "critical"
    assert told(f"{PRE}target-breached.v1", level="objective").severity == "error"
    assert told(f"{PRE}target-at-risk.v1", time_left_seconds=3_600).severity == "error"
    assert told(f"{PRE}target-at-risk.v1", time_left_seconds=3_601).severity == "warning"


def test_keys_are_short() -> None:
    long = alert_key("indicator", "x" * 5_000)
    assert len(long) < 255 and long != alert_key("indicator", "x" * 5_001)


@pytest.mark.parametrize("kind", ["pagerduty", "alertmanager"])
@pytest.mark.parametrize(("end", "beginning"), ENDS.items())
def test_who_chooses_what_opens_alerts_gets_what_ends_them(kind: str, end: str, beginning: str) -> None:
    over = heard(sample(PRE + end))
    party = over.party_ids[0]
    assert channels.wants(tool(kind, party, event_types=(PRE + beginning,)), over)
    assert not channels.wants(tool(kind, party, event_types=("slm.report.report-published.v1",)), over)
    assert not channels.wants(tool("webhook", party, event_types=(PRE + beginning,)), over)
    assert not channels.wants(tool(kind, party, agreement_ids=("another",)), over)


@pytest.mark.parametrize("kind", ["pagerduty", "alertmanager"])
def test_a_tool_gets_only_what_changes_an_alert_of_its_party(kind: str) -> None:
    for name in NAMES:
        event = heard(sample(name))
        for party in parties_of(sample(name)):
            if channels.wants(tool(kind, party), event):
                assert signal_of(sample(name).data) is not None and party in event.party_ids
        assert not channels.wants(tool(kind, "99999999-9999-4999-8999-999999999999"), event)


def test_causes_are_sent_only_if_chosen() -> None:
    event = heard(sample(f"{PRE}cause-revised.v1"))
    party = event.party_ids[0]
    assert not channels.wants(tool("pagerduty", party), event)
    assert channels.wants(tool("pagerduty", party, event_types=(event.event_type,)), event)


def test_a_disclosed_risk_is_told_to_the_customer_alone_and_acknowledgements_to_pagerduty_alone() -> None:
    disclosed = sample(f"{PRE}risk-disclosed.v1")
    provider, customer = disclosed.data.provider_party_id, disclosed.data.customer_party_id
    assert channels.wants(tool("pagerduty", customer), heard(disclosed))
    assert not channels.wants(tool("pagerduty", provider), heard(disclosed))
    acknowledged = heard(sample(f"{PRE}breach-acknowledged.v1"))
    assert channels.wants(tool("pagerduty", provider), acknowledged)
    assert not channels.wants(tool("alertmanager", provider), acknowledged)
