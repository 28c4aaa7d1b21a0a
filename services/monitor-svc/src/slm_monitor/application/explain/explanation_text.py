"""Explanations as compact text, for readers in a terminal or a letter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from slm_events import wording

_LABELS = {"cause": "because"}
"""Field of an interval → the word that is shown before its content, where the field's own name would read badly."""


def format_explanation(explained: Mapping[str, Any]) -> str:
    """Format an explanation as text for people, one fact per line. The text ends with a newline."""
    return "\n".join(_lines(explained)) + "\n"


def _lines(explained: Mapping[str, Any]) -> Iterator[str]:
    window, derivation = explained["window"], explained["derivation"]
    yield f"{explained['target_title']} ({explained['target_key']}, {explained['target_id']})"
    yield f"agreement {explained['agreement_id']}, version {explained['agreement_version']}: {explained['judged_by']}"
    if "on_record" in explained:
        yield f"  {explained['on_record']['says']}"
    for name in (
        "aggregation",
        "objective",
        "unacceptable",
        "service_hours",
        "unknown",
        "degraded",
        "no_data",
        "planned_downtime",
        "min_coverage",
        "ignore_outages_shorter_than",
        "short_outages",
    ):
        if name in explained["terms"]:
            yield f"  {name}: {_as_text(explained['terms'][name])}"
    yield f"window {window['id']}: {window['from']} to {window['to']} ({window['timezone']})"
    yield f"  service time {window['service_time']}, known as of {explained['as_of']}"
    if explained["known_at"] is not None:
        yield f"  by what had been received at {explained['known_at']}"
    for each in explained["excluded"]:
        yield f"  excluded {each['from']} to {each['to']}"
    for each in explained["exclusions"]:
        for part in each["not_counted"]:
            yield f"  not excluded by {each['exclusion_id']}: {part['from']} to {part['to']}, {part['detail']}"
    if derivation["intervals"]:
        yield "intervals"
    for each in derivation["intervals"]:
        yield f"  {_interval(each)}"
    for each in explained.get("members", ()):
        figure = each["figure"] or "no figure"
        yield f"  member {each['target_key']}: {figure}, {each['verdict']}, weight {each['weight']}"
    for each in explained.get("tickets", ()):
        yield f"  ticket {each['ticket']}: {'met' if each['met'] else 'missed'} at {each['ended_at']}"
    yield "sums"
    for name, value in derivation["sums"].items():
        if value is not None:
            yield f"  {name}: {_as_text(value)}"
    yield from derivation["arithmetic"]
    yield f"figure {explained['figure_display']} (exactly {explained['figure'] or 'none'})"
    budget = explained["budget"]
    if budget is not None:
        yield f"budget {budget['whole']} {budget['unit']}, consumed {budget['consumed']}, left {budget['left']}"
    for each in explained["levels"]:
        if each["missed_since"] is not None and each["level"] != "objective":
            yield f"{each['level']} missed since {each['missed_since']}"
    for each in explained.get("warnings", ()):
        yield f"warned since {each['opened_at']}: {wording.warning_in_words(each['cause'], each['threshold'])}"
    breached = f" since {explained['breached_at']}" if explained["breached_at"] else ""
    yield f"verdict {explained['verdict']}{breached}"


def _interval(each: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in each.items() if name not in ("from", "to", "facts", "state", "counts_as")}
    details = ", ".join(
        f"{_LABELS.get(name, name.replace('_', ' '))} {_as_text(value)}" for name, value in rest.items()
    )
    state = f"{each['state']} counts as {each['counts_as']}, " if "state" in each else ""
    facts = each.get("facts")
    names = f" [{', '.join(facts)}]" if isinstance(facts, list) and facts else ""
    return f"{each['from']} {each['to']} {state}{details}{names}"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
