"""The amounts that a figure is made from, in units that people use: time, events, occurrences or tickets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_events import wording
from slm_report.domain import figures

_SECOND = 1_000_000
_OCCURRENCES = frozenset({"count", "outages"})
_PARTS = {
    "compliance": "tickets in time",
    "time_slices": "slices good",
    "ratio": "good",
    "share_at_most": "good",
    "quantile": "within the limit",
}
_ONE = {"tickets in time": "ticket in time", "slices good": "slice good"}


def amounts_in_words(aggregation: str, good: str | None, total: str | None, downtime_seconds: int | None) -> str:
    """Return the amounts in words, such as ``1 h 5 min down of 30 d``, ``5,534 of 6,789 tickets in time`` or ``3
    occurrences``.

    Empty if there is nothing to say.
    """
    if good is None or total is None or not _is_whole(good) or not _is_whole(total):
        return ""
    of, whole = int(good), int(total)
    if is_measured_in_time(aggregation, of, whole, downtime_seconds):
        down = downtime_seconds if downtime_seconds is not None else (whole - of) // _SECOND
        return f"{figures.display_seconds(down)} down of {figures.display_seconds(whole // _SECOND)}"
    if aggregation in _OCCURRENCES:
        return wording.count_in_words(whole, "occurrence")
    if aggregation in _PARTS:
        part = _PARTS[aggregation]
        return f"{of:,} of {whole:,} {_ONE.get(part, part) if whole == 1 else part}"
    return ""


def is_measured_in_time(aggregation: str, good: int, total: int, downtime_seconds: int | None) -> bool:
    """Whether ``good`` and ``total`` are microseconds, as for an availability and a composite of states.

    A composite of figures has no downtime, because the downtimes of its members cannot be added.
    """
    if aggregation == "availability":
        return True
    spent = (total - good) // _SECOND
    return aggregation == "composite" and total >= _SECOND and downtime_seconds in (spent, spent + 1)


def exclusion_entry(
    counted: Mapping[str, Any], decided: Any, names: Mapping[str, str], revoked: Any = None
) -> dict[str, Any]:
    """Return an exclusion of a window as the report shows it: why, who asked, who approved, and how much it excludes.

    ``counted`` is monitor-svc's ``{"exclusion_id", "kind", "seconds", "uncounted"}``; ``names`` maps party ids to
    names. ``decided`` and ``revoked`` are the events about the exclusion, None if not received.
    """
    seconds = int(counted.get("seconds") or 0)
    return {
        "exclusion_id": counted["exclusion_id"],
        "kind": counted["kind"],
        "seconds": seconds,
        "seconds_display": figures.display_seconds(seconds),
        "reason": None if decided is None else decided.text or decided.reason,
        "requested_by": None if decided is None else names.get(decided.requested_by_party_id),
        "decided_by": _decider(decided, names),
        "decided_at": None if decided is None else decided.decided_at,
        "intervals": [] if decided is None else decided.intervals,
        "uncounted": counted.get("uncounted") or [],
        "revoked_at": None if revoked is None else revoked.revoked_at,
    }


def _decider(decided: Any, names: Mapping[str, str]) -> str | None:
    if decided is None:
        return None
    if decided.decided_by_party_id is None:
        return "silence, as agreed"
    name = names.get(decided.decided_by_party_id, "a delegate")
    return name if decided.decided_for_party_id is None else f"{name} for {names.get(decided.decided_for_party_id)}"


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdigit()
