"""The requests to tools: those that open, acknowledge and resolve alerts, as the tools' public documentation says.

PagerDuty: Events API v2. Alertmanager: API v2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds, from_text, to_text
from slm_notification.domain import channels, chat_messages
from slm_notification.domain.attempts import ClaimedDelivery
from slm_notification.domain.endpoints import CHATS
from slm_notification.domain.signals import Signal

CLIENT = "Service Level Management"
HOLD_SECONDS = 3_600
"""Alertmanager ends an alert this number of seconds after the alert was last sent to it."""
_TEST_SECONDS = 300
_LONGEST_SUMMARY = 1_024
_LONGEST_DETAIL = 1_000
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class ToolMessage:
    """The headers and the body of a request to a tool. They may contain a secret, so ``repr`` shows neither."""

    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"ToolMessage({len(self.body)} bytes)"


def pagerduty_message(signal: Signal, routing_key: str, delivery_id: str, console_url: str) -> ToolMessage:
    """Return the event for PagerDuty. Its ``dedup_key`` is the key of the alert, so a repeat opens nothing twice."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": signal.action,
        "dedup_key": signal.key,
    }
    if signal.action == "trigger":
        event |= {
            "client": CLIENT,
            "payload": {
                "summary": signal.summary[:_LONGEST_SUMMARY],
                "source": console_url or CLIENT,
                "severity": signal.severity,
                "timestamp": signal.at,
                "component": signal.labels.get("target_key", ""),
                "group": signal.labels.get("agreement_id", ""),
                "class": signal.name,
                "custom_details": {**_shortened_details(signal), **signal.labels, "delivery_id": delivery_id},
            },
        }
        if console_url:
            link = console_url + signal.path
            event |= {"client_url": link, "links": [{"href": link, "text": "Open in the console"}]}
    return ToolMessage(_JSON, _json(event))


def alertmanager_message(
    signal: Signal, opening: Signal | None, authorization: str | None, console_url: str, now: UtcMicroseconds
) -> ToolMessage:
    """Return the alert for Alertmanager, at the real time ``now``.

    Alertmanager knows an alert by all its labels. So the message that ends an alert has the labels of ``opening``, the
    event that opened the alert. Alertmanager ends an open alert if the alert is not sent again within an hour.
    """
    is_over = signal.action == "resolve"
    known = opening if is_over and opening is not None else signal
    alert: dict[str, Any] = {
        "labels": {"alertname": known.name, "severity": _severity(known), "source": "slm", **known.labels},
        "annotations": {"summary": signal.summary[:_LONGEST_SUMMARY], **_shortened_details(signal)},
    }
    if is_over:
        alert["endsAt"] = to_text(now)
    else:
        hold = _TEST_SECONDS if signal.name == "SlmTest" else HOLD_SECONDS
        # The installation's time may run ahead in a demonstration, and an alert cannot start after its end.
        alert |= {"startsAt": to_text(min(from_text(signal.at), now)), "endsAt": to_text(now + hold * SECOND)}
    if console_url:
        alert["generatorURL"] = console_url + signal.path
    headers = _JSON if authorization is None else {**_JSON, "authorization": authorization}
    return ToolMessage(headers, _json([alert]))


def _severity(signal: Signal) -> str:
    # A label must be the same whenever the alert is sent, and how urgent a risk is changes while it lasts.
    return "warning" if signal.name in ("SlmRisk", "SlmCause") else signal.severity


def _shortened_details(signal: Signal) -> dict[str, str]:
    return {name: text[:_LONGEST_DETAIL] for name, text in signal.details.items() if text}


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def message_of(claim: ClaimedDelivery, console_url: str, now: UtcMicroseconds) -> ToolMessage:
    """Return the request of a delivery to a tool, at the real time ``now``. ``console_url`` may be empty."""
    if claim.kind in CHATS:
        notice = channels.notice_in(claim.body)
        assert notice is not None, "chats get only what people are told"
        return ToolMessage(_JSON, _json(chat_messages.chat_message(claim.kind, notice, console_url)))
    signal = channels.signal_in(claim.body)
    assert signal is not None, "only events that change an alert are sent to tools"
    secret = claim.secrets[0] if claim.secrets else None
    if claim.kind == "pagerduty":
        return pagerduty_message(signal, secret or "", claim.delivery_id, console_url)
    opening = None if claim.opening_body is None else channels.signal_in(claim.opening_body)
    return alertmanager_message(signal, opening, secret, console_url, now)
