"""Agreed plans in words: what is done, and by whom, if a target is at risk or its service is down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Answer = Mapping[str, Any]
MOST_TARGETS = 12
"""A page reads the plans of at most this many targets: an outage may affect hundreds, mostly with the same plan."""


@dataclass(frozen=True, slots=True)
class AgreedPlan:
    """A plan, and the titles of the targets for which it was agreed."""

    titles: Sequence[str]
    owner: str
    steps: Sequence[Mapping[str, str]]


def plans_of(targets: Iterable[Answer]) -> list[AgreedPlan]:
    """Return the plans of these targets, each once; targets without a plan are left out."""
    found: dict[tuple[Any, ...], tuple[Answer, list[str]]] = {}
    for target in targets:
        responsible = (target.get("terms") or {}).get("responsible") or {}
        steps = responsible.get("plan") or ()
        if not steps and not responsible.get("owner"):
            continue
        key = (responsible.get("owner"), *((each["owner"], each["step"]) for each in steps))
        titles = found.setdefault(key, (responsible, []))[1]
        if target["title"] not in titles:
            titles.append(target["title"])
    return [
        AgreedPlan(titles, str(responsible.get("owner") or ""), tuple(responsible.get("plan") or ()))
        for responsible, titles in found.values()
    ]
