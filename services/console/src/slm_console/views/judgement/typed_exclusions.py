"""Form of a request to exclude time: from the typed fields to the request body for the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_console.views import instants
from slm_console.views.judgement.typed_times import instant_of
from slm_console.views.reader import SECOND, Reader

KINDS = ("planned", "force_majeure", "customer_caused", "claim")
REPEATS = ("", "DAILY", "WEEKLY", "MONTHLY")
MOST_TIMES = 366
ASKERS = ("service_level_manager", "integrator")
"""The roles that may request to exclude time."""


@dataclass(frozen=True)
class TypedExclusion:
    """Request body for the API, empty if there are errors. ``errors``: field name → message."""

    body: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def exclusion_of(reader: Reader, typed: Mapping[str, str]) -> TypedExclusion:
    """Return the request body for what was typed, or the errors.

    A recurring exclusion repeats in the reader's time zone. Each repetition lasts as long as the first exclusion.
    """
    start, end = instant_of(reader, typed["from"]), instant_of(reader, typed["to"])
    times = typed["times"] or "2"
    hint = reader.gettext("Write a day and a time, such as 12 Nov 14:00.")
    errors: dict[str, str] = {}
    if start is None:
        errors["from"] = hint
    if end is None:
        errors["to"] = hint
    elif start is not None and end <= start:
        errors["to"] = reader.gettext("Write an end after the beginning.")
    if typed["repeat"] and not (times.isascii() and times.isdigit() and 2 <= int(times) <= MOST_TIMES):
        errors["times"] = reader.gettext("Write how many times, from 2 to %(most)s.", most=MOST_TIMES)
    if not typed["text"]:
        errors["text"] = reader.gettext("Say why; the other side decides by it.")
    if errors or start is None or end is None:
        return TypedExclusion(errors=errors)
    body: dict[str, Any] = {
        "agreement_id": typed["agreement"],
        "kind": typed["kind"] if typed["kind"] in KINDS else KINDS[0],
        "text": typed["text"],
        "targets": [typed["target"]] if typed["target"] else [],
    }
    if typed["repeat"] in REPEATS[1:]:
        body["recurrence"] = _recurrence(reader, typed["repeat"], int(times), start, end)
    else:
        body["interval"] = {"from": start, "to": end}
    return TypedExclusion(body)


def _recurrence(reader: Reader, repeat: str, times: int, start: str, end: str) -> Mapping[str, str]:
    length = (instants.read(end) or 0) - (instants.read(start) or 0)
    return {
        "rule": f"FREQ={repeat};COUNT={times}",
        "from": start,
        "duration": f"PT{length // SECOND}S",
        "timezone": reader.zone.key,
    }
