"""The requests to PagerDuty and Alertmanager, after their public documentation."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from slm_chassis.clock import SECOND
from slm_events.instants import from_text
from slm_notification.application.hearing import cloud_event
from slm_notification.domain import channels
from slm_notification.domain.attempts import ClaimedDelivery
from slm_notification.domain.errors import NotAcceptable
from slm_notification.domain.tool_messages import HOLD_SECONDS, message_of
from tests.support.pagerduty import ROUTING_KEY, PagerDuty
from tests.support.receiver import ReceivedWebhook
from tests.unit.notification.test_event_filters import sample
from tests.unit.notification.test_signals import ENDS, PRE

NOW = from_text("2026-11-22T12:00:00.000000Z")
CONSOLE = "https://slm.acme.example"


def claim(kind: Any, name: str, secret: str = ROUTING_KEY, **changed: Any) -> ClaimedDelivery:
    body = cloud_event(sample(name, **changed))
    return ClaimedDelivery("d", "e", "https://x.example", body, (secret,) if secret else (), 1, 0, NOW, NOW, NOW, kind)


def alert_of(given: ClaimedDelivery, now: int = NOW) -> dict[str, Any]:
    [alert] = json.loads(message_of(given, CONSOLE, now).body)
    found: dict[str, Any] = alert
    return found


@pytest.mark.parametrize("console", [CONSOLE, ""])
@pytest.mark.parametrize("name", [*ENDS, *ENDS.values(), "cause-revised.v1", "breach-acknowledged.v1"])
def test_pagerduty_is_sent_what_its_documentation_allows(name: str, console: str) -> None:
    message = message_of(claim("pagerduty", PRE + name), console, NOW)
    assert PagerDuty()(ReceivedWebhook("/", dict(message.headers), message.body))[0] == 202
    event = json.loads(message.body)
    assert ("payload" in event) == (event["event_action"] == "trigger")
    assert ("links" in event) == (event["event_action"] == "trigger" and bool(console))
    assert ROUTING_KEY not in repr(message)


def test_a_breach_in_pagerduty_leads_to_its_page_and_says_what_was_promised() -> None:
    event = json.loads(message_of(claim("pagerduty", f"{PRE}target-breached.v1"), CONSOLE, NOW).body)
    data = sample(f"{PRE}target-breached.v1").data
    assert event["dedup_key"] == f"slm-breach-{data.breach_id}"
    assert event["links"][0]["href"] == f"{CONSOLE}/breaches/{data.breach_id}"
    payload = event["payload"]
    assert payload["summary"] == "Breached: Checkout is available" and payload["timestamp"] == data.certain_at
    assert payload["custom_details"]["agreed"] == "at least 99.9 %"
    assert payload["custom_details"]["delivery_id"] == "d"


@pytest.mark.parametrize(("end", "beginning"), ENDS.items())
def test_what_ends_an_alert_has_all_labels_of_what_opened_it(end: str, beginning: str) -> None:
    opened = claim("alertmanager", PRE + beginning, "", **({"level": "unacceptable"} if "breach" in beginning else {}))
    over = replace(claim("alertmanager", PRE + end, ""), opening_body=opened.body)
    assert alert_of(over)["labels"] == alert_of(opened)["labels"]
    assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name in alert_of(opened)["labels"])
    assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name in alert_of(opened)["annotations"])
    assert "" not in alert_of(opened)["labels"].values()
    assert from_text(alert_of(over)["endsAt"]) == NOW


def test_an_open_alert_lasts_an_hour_more_and_never_starts_in_the_future() -> None:
    given = claim("alertmanager", f"{PRE}target-breached.v1", "")
    alert = alert_of(given)
    assert from_text(alert["endsAt"]) == NOW + HOLD_SECONDS * SECOND
    assert alert["startsAt"] == sample(f"{PRE}target-breached.v1").data.certain_at
    early = from_text("2020-01-01T00:00:00.000000Z")
    assert from_text(alert_of(given, early)["startsAt"]) == early
    assert alert["generatorURL"].startswith(f"{CONSOLE}/breaches/")


def test_how_urgent_a_risk_is_changes_no_label() -> None:
    late, soon = (
        alert_of(claim("alertmanager", f"{PRE}target-at-risk.v1", "", time_left_seconds=left)) for left in (9_999, 1)
    )
    assert late["labels"] == soon["labels"]


def test_alertmanager_gets_the_header_that_was_given() -> None:
    headers = message_of(claim("alertmanager", f"{PRE}target-breached.v1", "Bearer abc"), "", NOW).headers
    assert headers["authorization"] == "Bearer abc"
    assert "authorization" not in message_of(claim("alertmanager", f"{PRE}target-breached.v1", ""), "", NOW).headers


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("webhook", "whsec_mine"),
        ("pagerduty", None),
        ("pagerduty", "short-secret"),
        ("pagerduty", ROUTING_KEY + "\n"),
        ("alertmanager", "secret-without-scheme"),
        ("alertmanager", "Bearer a\r\nHost: b"),
    ],
)
def test_a_secret_that_is_refused_is_not_repeated(kind: Any, secret: str | None) -> None:
    with pytest.raises(NotAcceptable) as refused:
        channels.check_secret(kind, secret, is_new=True)
    assert refused.value.field == "secret"
    assert secret is None or secret not in f"{refused.value} {refused.value.value}"


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ("https://am.example", "https://am.example/api/v2/alerts"),
        ("https://am.example/", "https://am.example/api/v2/alerts"),
        ("https://am.example/path", "https://am.example/path/api/v2/alerts"),
        ("https://am.example/api/v2/alerts", "https://am.example/api/v2/alerts"),
    ],
)
def test_an_alertmanager_is_named_with_or_without_the_path(given: str, called: str) -> None:
    assert channels.address_of("alertmanager", given) == called


def test_secrets_are_taken_out_of_what_a_receiver_repeats() -> None:
    text = f'{{"routing_key": "{ROUTING_KEY}"}} Bearer abc-token abc-token'
    assert channels.without_secrets(text, (ROUTING_KEY, "Bearer abc-token")) == '{"routing_key": "…"} Bearer … …'
