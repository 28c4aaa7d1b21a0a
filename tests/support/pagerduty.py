"""A simulation of PagerDuty's Events API v2, made from its public documentation: no PagerDuty runs in any test.

It refuses events that the documentation does not allow, and keeps the state of each alert.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.receiver import ReceivedWebhook

ROUTING_KEY = "R0123456789abcdefghijklmnopqrstu"
_SEVERITIES = {"critical", "error", "warning", "info"}
_ACTIONS = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}


@dataclass
class PagerDuty:
    """The alerts of one service. ``of``: the key of each alert → all actions on it that were accepted, in order."""

    routing_key: str = ROUTING_KEY
    of: dict[str, list[str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: ReceivedWebhook) -> tuple[int, bytes]:
        """Take one request and return status and body of the answer."""
        event = json.loads(request.body)
        flaws = list(self._flaws(event))
        if flaws:
            said = {"status": "invalid event", "message": "Event object is invalid", "errors": flaws, "got": event}
            return 400, json.dumps(said).encode()
        self.events.append(event)
        self.of.setdefault(event["dedup_key"], []).append(event["event_action"])
        done = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return 202, json.dumps(done).encode()

    def state(self, key: str) -> str:
        """Return the state of an alert: a trigger opens one that is not there or over."""
        state = "none"
        for action in self.of.get(key, []):
            if action == "trigger" and state == "acknowledged":
                continue
            if action == "trigger" or state in ("triggered", "acknowledged"):
                state = _ACTIONS[action]
        return state

    def _flaws(self, event: dict[str, Any]) -> list[str]:
        found = []
        if event.get("routing_key") != self.routing_key:
            found.append("Invalid routing key")
        if event.get("event_action") not in _ACTIONS:
            found.append("'event_action' is not one of trigger, acknowledge, resolve")
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            found.append("Length of 'dedup_key' is incorrect")
        if event.get("event_action") == "trigger":
            payload = event.get("payload", {})
            found += [
                f"'payload.{name}' is missing or blank" for name in ("summary", "source") if not payload.get(name)
            ]
            if len(payload.get("summary", "")) > 1024:
                found.append("Length of 'payload.summary' is incorrect")
            if payload.get("severity") not in _SEVERITIES:
                found.append("'payload.severity' is invalid")
        return found
