"""The summary of everything that a caller may see, as of one instant: what is down, at risk, breached or waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds, from_text, to_text
from slm_events.record_marks import build_mark
from slm_monitor.domain.lifecycle.urgency import NOW, THIS_WEEK, TODAY, URGENCIES, CalendarMonth, UrgencyHorizon
from slm_monitor.domain.windows import state_warnings

VERDICTS = ("not_applicable", "met", "no_data", "at_risk", "breached")
"""The verdicts from the best to the worst. The worst verdict of each month is shown in a service's strip."""
_STATES = ("up", "unknown", "degraded", "down")
"""The states of an indicator from the best to the worst."""
_SECOND = 1_000_000
_MOST_NAMED = 20
"""Most targets that an item of the summary names. Their full number is beside the names."""
Rows = list[dict[str, Any]]
Names = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SummaryQuestion:
    """A request for a summary. ``scope``: party to which the summary is limited. ``limit``: the greatest number of
    items in each list.
    """

    caller: Principal
    scope: str | None
    horizon: UrgencyHorizon
    months: Sequence[CalendarMonth]
    limit: int
    service_ids: frozenset[str] = frozenset()
    """Ids of the services to which the list of services is limited; empty: no limit."""


@dataclass(frozen=True, slots=True)
class SummaryRows:
    """The database rows of a summary, all read at one instant."""

    streams: Rows
    affected: Rows
    services: Rows
    strip: Rows
    lost: Rows
    breaches: Rows
    risks: Rows
    exclusions: Rows
    stale: Rows
    tickets: Rows
    counts: Mapping[str, int]
    names: Names
    """Agreement id → title of the agreement, and names of its parties and service."""


def build_summary_document(asked: SummaryQuestion, rows: SummaryRows, lost: Mapping[str, int | None]) -> dict[str, Any]:
    """Return the summary as JSON.

    ``lost``: service id → lost time (µs), for services with an indicator that is down. It is shown instead of the time
    in ``rows.lost``.
    """
    horizon = asked.horizon
    down = {row["indicator"] for row in rows.streams if row["state"] == "down"}
    affected = {each for row in rows.affected if row["indicator"] in down for each in row["target_ids"]}
    lists = {
        "down": _down(rows, horizon),
        "breaches": [_breach(row, rows.names, row["target_id"] in affected) for row in rows.breaches],
        "risks": [_risk(row, rows.names, horizon) for row in rows.risks],
        "exclusions": [_exclusion(row, rows.names, horizon) for row in rows.exclusions],
        "stale": [_stale(row, horizon.now) for row in rows.stale],
        "tickets": [_clock(row, rows.names, horizon) for row in rows.tickets],
    }
    return {
        "as_of": to_text(horizon.now),
        "today_ends_at": to_text(horizon.today_end),
        "week_ends_at": to_text(horizon.week_end),
        "counts": _counts(rows, lists),
        "next_deadline_at": _next_deadline(lists, horizon.now),
        **{name: items[: asked.limit] for name, items in lists.items()},
        "months": [month.name for month in asked.months],
        "services": _services(asked, rows, lost),
    }


def _counts(rows: SummaryRows, lists: Mapping[str, Rows]) -> dict[str, Any]:
    urgencies = [each["urgency"] for items in lists.values() for each in items]
    return {
        **rows.counts,
        "services": len(rows.services),
        "down": len(lists["down"]),
        "services_down": len({each["service_id"] for each in lists["down"]}),
        "breaches_unacknowledged": _total_of(rows.breaches),
        "exclusions_to_decide": _total_of(rows.exclusions),
        "stale": _total_of(rows.stale),
        "urgency": {name: urgencies.count(name) for name in URGENCIES},
    }


def _total_of(rows: Rows) -> int:
    """Return the number of rows in the database, including rows that were not read."""
    return int(rows[0]["count"]) if rows else 0


def _next_deadline(lists: Mapping[str, Rows], now: UtcMicroseconds) -> str | None:
    found = [each["deadline_at"] for items in lists.values() for each in items if each["deadline_at"] is not None]
    return min((each for each in found if from_text(each) > now), default=None)


def _about(row: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Return the fields of an item about its agreement, service and parties, with the names from the terms."""
    named = names.get(row["agreement_id"], {})
    service_id = row.get("service_id") or named.get("service_id")
    return {
        **_record_mark(named),
        "agreement_id": row["agreement_id"],
        "agreement_title": named.get("title"),
        "service_id": service_id,
        "service_name": named.get("service_name") if service_id == named.get("service_id") else None,
        "provider_party_id": row["provider_party_id"],
        "provider_name": named.get("provider_name"),
        "customer_party_id": row["customer_party_id"],
        "customer_name": named.get("customer_name"),
    }


def _record_mark(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the field ``on_record`` if the agreement is on record; else no field."""
    recorder = named.get("recorded_by_party_id")
    if recorder is None:
        return {}
    return {"on_record": build_mark(recorder, named["recorded_by"], named["not_confirmed_by"])}


def _down(rows: SummaryRows, horizon: UrgencyHorizon) -> Rows:
    """Return the indicators that are down, one item for each service that is affected; the longest downtime first."""
    states = {(row["indicator"], _labels(row)): row for row in rows.streams if row["state"] == "down"}
    found = [(states[name], row) for row in rows.affected if (name := (row["indicator"], _labels(row))) in states]
    found.sort(key=lambda pair: (_since(pair[0]) is None, _since(pair[0]) or 0, pair[1]["indicator"]))
    return [
        {
            "indicator": {"key": stream["key"], "owner_party_id": row["indicator"].partition("/")[0]},
            "labels": row["labels"],
            "service_id": row["service_id"],
            "service_name": _service_name(row["service_id"], row["agreement_ids"], rows.names),
            "since_at": _text(since := _since(stream)),
            "seconds": None if since is None else (horizon.now - since) // _SECOND,
            "targets": row["targets"],
            "agreements": row["agreements"],
            "affected": [{**_short(rows.names.get(each, {})), "agreement_id": each} for each in row["agreement_ids"]],
            "target_ids": sorted(row["target_ids"])[:_MOST_NAMED],
            "deadline_at": None,
            "urgency": NOW,
        }
        for stream, row in found
    ]


def _labels(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(row["labels"].items()))


def _short(named: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_record_mark(named),
        "agreement_title": named.get("title"),
        "provider_name": named.get("provider_name"),
        "customer_name": named.get("customer_name"),
    }


def _since(row: Mapping[str, Any]) -> UtcMicroseconds | None:
    since = row["outage_since"] if row["outage_since"] is not None else row["run_since"]
    return None if since is None else int(since)


def _service_name(service_id: str, agreement_ids: Sequence[str], names: Names) -> str | None:
    named = [names[each] for each in agreement_ids if each in names]
    return next((each["service_name"] for each in named if each["service_id"] == service_id), None)


def _breach(row: Mapping[str, Any], names: Names, is_down: bool) -> dict[str, Any]:
    named = ("breach_id", "target_id", "target_key", "target_title", "window_id", "level", "figure_display", "ticket")
    return {
        **_about(row, names),
        **{name: row[name] for name in named},
        "responsible_party_id": row["responsible_party_id"],
        "certain_at": to_text(row["certain_at"]),
        "recovered_at": _text(row["until"]),
        "is_down": is_down,
        "deadline_at": None,
        "urgency": NOW if is_down else TODAY,
    }


def _risk(row: Mapping[str, Any], names: Names, horizon: UrgencyHorizon) -> dict[str, Any]:
    projected = _projected(row, horizon.now)
    window_end = row["window_end"] if row["window_end"] is not None and row["window_end"] < _FAR else None
    deadline = projected if projected is not None else window_end
    named = ("risk_id", "target_id", "target_key", "target_title", "window_id", "cause", "threshold", "ticket")
    detail = row["detail"] or {}
    return {
        **_about(row, names),
        **{name: row[name] for name in named},
        "opened_at": to_text(row["opened_at"]),
        "figure_display": row["figure_display"] or "–",
        "budget_consumed_percent": detail.get("consumed_percent"),
        "budget_seconds": None if (budget := _time_budget(row)) is None else int(budget) // _SECOND,
        "budget_left_seconds": _budget_left(row),
        "projected_breach_at": _text(projected),
        "time_left_seconds": None if projected is None else max(0, projected - horizon.now) // _SECOND,
        "window_ends_at": _text(window_end),
        "responsible": row["responsible"] or {},
        "deadline_at": _text(deadline),
        "urgency": horizon.urgency_of(deadline),
    }


_FAR = 253_402_300_799_000_000
"""The end that is stored for a rolling window, which never ends: µs since 1970, in the year 9999."""


def _time_budget(row: Mapping[str, Any]) -> Fraction | None:
    """Return the error budget of an open calendar window in microseconds of downtime; None for a rolling window or a
    budget of another kind.

    ``row``: a target of the summary and its present window, as the query returns them.
    """
    detail = row["detail"] or {}
    if "down" not in detail or not detail.get("budget") or row["window_end"] >= _FAR:
        return None
    return Fraction(detail["budget"])


def _budget_left(row: Mapping[str, Any]) -> int | None:
    budget = _time_budget(row)
    return None if budget is None else int(budget - (row["total"] - row["good"])) // _SECOND


def _projected(row: Mapping[str, Any], now: UtcMicroseconds) -> UtcMicroseconds | None:
    """Return the instant (µs) of the projected breach; None if there is none.

    If the budget is an amount of time, the instant is computed as of now; otherwise the published instant is returned.
    """
    budget, detail = _time_budget(row), row["detail"] or {}
    if budget is not None and not detail.get("exhausted_at"):
        span = (row["window_start"], row["window_end"])
        return state_warnings.project_budget_exhaustion_instant(span, now, row["total"] - row["good"], budget)
    if row["ticket_deadline_at"] is not None:
        return from_text(row["ticket_deadline_at"])
    return None if row["projected_breach_at"] is None else from_text(row["projected_breach_at"])


def _exclusion(row: Mapping[str, Any], names: Names, horizon: UrgencyHorizon) -> dict[str, Any]:
    deadline = row["decide_by_at"]
    intervals = row["stretches"]
    first = min((start for start, _ in intervals), default=None)
    return {
        **_about({**row, "service_id": row["services"][0] if row["services"] else None}, names),
        "exclusion_id": row["exclusion_id"],
        "kind": row["kind"],
        "text": row["text"],
        "requested_by_party_id": row["requested_by_party_id"],
        "requested_at": to_text(row["requested_at"]),
        "starts_at": _text(first),
        "seconds": sum(end - start for start, end in intervals) // _SECOND,
        "if_silent": row["if_silent"],
        "deadline_at": _text(deadline),
        "urgency": THIS_WEEK if deadline is None else horizon.urgency_of(deadline),
    }


def _stale(row: Mapping[str, Any], now: UtcMicroseconds) -> dict[str, Any]:
    return {
        "indicator": {"key": row["key"], "kind": row["kind"], "owner_party_id": row["owner_party_id"]},
        "service_id": row["service_id"],
        "since_at": to_text(row["since"]),
        "seconds": (now - row["since"]) // _SECOND,
        "deadline_at": None,
        "urgency": TODAY,
    }


def _clock(row: Mapping[str, Any], names: Names, horizon: UrgencyHorizon) -> dict[str, Any]:
    named = ("source", "number", "owner_party_id", "target_id", "target_key", "clock", "priority", "state", "held_by")
    return {
        **_about(row, names),
        **{name: row[name] for name in named},
        "time_left_seconds": max(0, row["deadline_at"] - horizon.now) // _SECOND,
        "started_at": to_text(row["started_at"]),
        "deadline_at": to_text(row["deadline_at"]),
        "urgency": horizon.urgency_of(row["deadline_at"]),
    }


def _services(asked: SummaryQuestion, rows: SummaryRows, lost: Mapping[str, int | None]) -> Rows:
    states: dict[str, Rows] = {}
    for row in rows.streams:
        for service_id in row["service_ids"]:
            states.setdefault(service_id, []).append(row)
    strips = _by_service(rows.strip)
    found = [
        _service(row, states.get(row["service_id"], []), strips.get(row["service_id"], []), asked, rows.names)
        for row in rows.services
        if not asked.service_ids or row["service_id"] in asked.service_ids
    ]
    losses = {**{row["service_id"]: row["lost"] for row in rows.lost}, **lost}
    for each in found:
        microseconds = losses.get(each["service_id"])
        each["lost_seconds"] = None if microseconds is None else microseconds // _SECOND
    found.sort(key=_worst_first)
    return found[: asked.limit]


def _service(
    row: Mapping[str, Any], streams: Rows, strip: Rows, asked: SummaryQuestion, names: Names
) -> dict[str, Any]:
    verdicts: list[str | None] = [None] * len(asked.months)
    for each in strip:
        if each["month"] <= len(verdicts):
            verdicts[each["month"] - 1] = VERDICTS[each["rank"] - 1]
    state = max((each["state"] for each in streams), key=_STATES.index, default=None)
    since = [_since(each) for each in streams if each["state"] == state]
    return {
        "service_id": row["service_id"],
        "service_name": _service_name(row["service_id"], [row["agreement_id"]], names),
        "provider_party_ids": row["provider_party_ids"],
        "customer_party_ids": row["customer_party_ids"],
        "agreements": row["agreements"],
        "targets": row["targets"],
        "state": state,
        "state_since_at": _text(min((each for each in since if each is not None), default=None)),
        "verdict": verdicts[-1],
        "lost_seconds": None,
        "strip": verdicts,
    }


def _worst_first(service: Mapping[str, Any]) -> tuple[Any, ...]:
    verdict = service["verdict"]
    rank = -1 if verdict is None else VERDICTS.index(verdict)
    state = -1 if service["state"] is None else _STATES.index(service["state"])
    return (service["state"] != "down", -rank, -state, service["service_name"] or "", service["service_id"])


def _by_service(rows: Rows) -> dict[str, Rows]:
    groups: dict[str, Rows] = {}
    for row in rows:
        groups.setdefault(row["service_id"], []).append(row)
    return groups


def _text(instant: UtcMicroseconds | None) -> str | None:
    return None if instant is None else to_text(instant)
