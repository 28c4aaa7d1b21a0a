"""The present figures of an agreement's open windows, from one answer of monitor-svc, whose exact bytes are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from slm_events import instants
from slm_events.envelope import from_json
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import RiskCleared, TargetAtRisk, TargetBreached, TargetRecovered
from slm_report.domain.facts import Breach, Risk

TICKETS = "tickets"
"""The window id of ticket targets in monitor-svc's answer; their window is the whole requested time."""


@dataclass(frozen=True, slots=True)
class FiguresToDate:
    """The figures of open windows as of one instant (microseconds UTC). ``text`` holds the exact bytes of monitor-svc's
    answer.
    """

    text: bytes
    as_of: UtcMicroseconds
    position: dict[str, int]
    windows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """(target id, window id) → the window's present figure."""
    breaches: list[Breach] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)

    def of(self, target_id: str, window_id: str) -> dict[str, Any]:
        """Return a target's figure in a window; empty if monitor-svc's answer has none."""
        return self.windows.get((target_id, window_id), {})

    def instances_of(self, target_key: str) -> Iterator[dict[str, Any]]:
        """Return the figures of a grouped target, one for each value of its labels (such as ``p95[region=eu]``)."""
        return (each for each in self.windows.values() if each["target_key"].startswith(f"{target_key}["))

    def reference(self) -> dict[str, Any]:
        """Return a report's reference to monitor-svc's answer: the instant, log position and SHA-256 of the answer."""
        digest = hashlib.sha256(self.text).hexdigest()
        return {"as_of": instants.to_text(self.as_of), "position": self.position, "sha256": digest}


def parse_figures_answer(text: bytes) -> FiguresToDate:
    """Return the figures in an answer of ``GET /figures``; raises ValueError or KeyError for anything else."""
    document = json.loads(text)
    return FiguresToDate(
        text=text,
        as_of=instants.from_text(document["as_of"]),
        position=document["position"] or {},
        windows={(each["target_id"], each["window_id"]): each for each in document["windows"]},
        breaches=[_open_breach(each) for each in document["breaches"]],
        risks=[_open_risk(each) for each in document["risks"]],
    )


def _open_breach(row: dict[str, Any]) -> Breach:
    recovered = None if row.get("recovered_at") is None else from_json(TargetRecovered, row)
    return Breach(from_json(TargetBreached, row), recovered=recovered)


def _open_risk(row: dict[str, Any]) -> Risk:
    raised = from_json(TargetAtRisk, row)
    if row.get("cleared_at") is None:
        return Risk(raised)
    cleared = {**row, "at": row["cleared_at"], "outcome": row.get("outcome") or "window_closed"}
    return Risk(raised, from_json(RiskCleared, cleared))
