"""The status of a service in its provider's portfolio, and the changes of status that are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from slm_agreement.domain.errors import Finding, Findings, WrongState
from slm_events import instants
from slm_events.instants import UtcMicroseconds

PIPELINE, LIVE, RETIRED = "pipeline", "live", "retired"
STATUSES = (PIPELINE, LIVE, RETIRED)
_NEXT: Mapping[str, tuple[str, ...]] = {PIPELINE: (LIVE, RETIRED), LIVE: (RETIRED,), RETIRED: (PIPELINE,)}
"""Status → the statuses that may follow. A retired service is planned anew before it is live again."""


def begin_history(status: str, now: UtcMicroseconds, name: str) -> list[dict[str, Any]]:
    """Return the history of a new service, which may have any status.

    Each entry of a history has ``status``, ``since`` (microseconds UTC) and ``by``, the name of who set the status.
    """
    return [{"status": status, "since": now, "by": name}]


def add_status(history: list[dict[str, Any]], status: str, now: UtcMicroseconds, name: str) -> list[dict[str, Any]]:
    """Return the history of a service with ``status`` added at its end.

    If ``status`` is already the present status, the history is returned unchanged. Raises WrongState if ``status`` may
    not follow the present status.
    """
    present = status_in(history)
    if status == present:
        return history
    if status not in _NEXT[present]:
        allowed = " or ".join(_NEXT[present])
        raise WrongState(f"The service is {present}: it can become {allowed}, but not {status}.")
    return [*history, *begin_history(status, now, name)]


def status_in(history: list[dict[str, Any]]) -> str:
    """Return the latest status in a history. An empty history means ``live``: the service is older than statuses."""
    return str(history[-1]["status"]) if history else LIVE


def check_planned_on(status: str, written: str | None, findings: Findings) -> None:
    """Check ``written``, the date on which the next status is planned. None is always valid.

    Add a finding if ``written`` is not a date, or if the service is retired: then no next status is planned.
    """
    if written is None:
        return
    try:
        date.fromisoformat(written)
    except ValueError:
        findings.add("planned_on", written, "write a date, like 2027-04-01, or null")
        return
    if status == RETIRED:
        findings.add("planned_on", written, "write null: nothing is planned for a retired service")


def describe_retired_service(service_id: str, since: UtcMicroseconds) -> Finding:
    """Return the error that a document cannot be agreed because its service was retired."""
    day = instants.to_text(since)[:10]
    remedy = f"the service was retired on {day}: draft the agreement for a service that is live or in the pipeline"
    return Finding("service_id", service_id, remedy, "specific.service-retired")
