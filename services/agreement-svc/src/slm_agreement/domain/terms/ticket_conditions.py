"""The conditions of ticket clocks: which tickets a target applies to, and which events start, stop and pause its clock.

A check for targets that no ticket can reach is included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.domain.errors import Finding
from slm_agreement.domain.terms.reading import FieldReader

TYPES = ("incident", "service_request", "problem", "change")
EVENTS = (
    "opened",
    "assigned",
    "state_changed",
    "priority_changed",
    "first_response",
    "customer_replied",
    "agent_replied",
    "resolved",
    "fulfilled",
    "reopened",
    "closed",
    "cancelled",
)
ATTRIBUTES = (
    "source",
    "service",
    "offering",
    "customer",
    "site",
    "priority",
    "impact",
    "urgency",
    "category",
    "subcategory",
    "vip",
    "team",
    "channel",
    "location",
    "product",
    "contract",
    "tags",
)
_OWN = re.compile(r"x_[a-z0-9_]{1,60}\Z")
_ATTRIBUTE_REMEDY = (
    f"leave it out, or write one of: type, {', '.join(ATTRIBUTES)}; an attribute of your own begins with x_"
)


def read_applies_to(reader: FieldReader) -> dict[str, Any]:
    """Read which tickets a target applies to: attribute → allowed values. A ticket must match every attribute.

    Without the attribute ``type`` the target applies to incidents.
    """
    raw = reader.raw("applies_to", {})
    applies = FieldReader(raw, reader.at("applies_to"), reader.findings)
    types = applies.texts("type", ("incident",), TYPES) or ["incident"]
    resolved: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    for name in raw if isinstance(raw, Mapping) else ():
        if name != "type":
            values = _attribute(applies, str(name))
            if values:
                resolved[str(name)] = values
    applies.done()
    return resolved


def _attribute(reader: FieldReader, name: str) -> list[str]:
    """Read the allowed values of a ticket attribute. An unknown attribute is an error: no ticket would match it."""
    value = reader.raw(name)
    if value is None:
        return []
    if name not in ATTRIBUTES and not _OWN.match(name):
        reader.fault(name, value, _ATTRIBUTE_REMEDY)
        return []
    items = value if isinstance(value, list) else [value]
    words = [_word(item) for item in items]
    if not words or not all(words):
        reader.fault(name, value, 'write a text, a truth value or a list of texts, like ["P1", "P2"]')
        return []
    return list(dict.fromkeys(word for word in words if word))


def _word(item: Any) -> str | None:
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, int) and abs(item) < 2**53:
        return str(item)
    return item if isinstance(item, str) and 0 < len(item) <= 200 else None


def read_conditions(
    reader: FieldReader, name: str, default: str | list[str] | None = None, *, plain: str = "event"
) -> list[Any] | str:
    """Read the conditions of a clock: one condition or a list of conditions.

    A condition is an object, such as ``{"event": "assigned", "team": ["network"]}``, or only a text, which is a value
    of the attribute ``plain``. The result is a list; only a single text stays a text if the field has a default.
    """
    raw = reader.raw(name, default if default is not None else [])
    items = [raw] if isinstance(raw, str | Mapping) else raw
    if not isinstance(items, list):
        reader.fault(name, raw, f"write {_example(plain)}")
        return []
    places = [f"{reader.at(name)}[{index}]" if items is raw else reader.at(name) for index in range(len(items))]
    resolved = [_condition(item, place, reader, plain) for item, place in zip(items, places, strict=True)]
    if not resolved and default is not None:
        reader.fault(name, raw, f"write {_example(plain)}")
    if len(resolved) == 1 and isinstance(resolved[0], str) and default is not None:
        return resolved[0]
    return resolved


def condition_events(written: Any) -> set[str]:
    """Return the names of all ticket events in resolved conditions."""
    items = [written] if isinstance(written, str) else written
    return {event for item in items for event in ([item] if isinstance(item, str) else item.get("event", ()))}


def _condition(item: Any, path: str, reader: FieldReader, plain: str) -> Any:
    if isinstance(item, str):
        known = EVENTS if plain == "event" else None
        if not item or len(item) > 200 or (known is not None and item not in known):
            reader.findings.add(path, item, f"write {_example(plain)}")
        return item
    condition = FieldReader(item, path, reader.findings)
    resolved: dict[str, list[str]] = {}
    for name in sorted(map(str, item)) if isinstance(item, Mapping) else ():
        values = (
            condition.texts(name, (), EVENTS)
            if name == "event"
            else condition.texts(name)
            if name == "state"
            else condition.texts(name, (), TYPES)
            if name == "type"
            else _attribute(condition, name)
        )
        if values:
            resolved[name] = values
    condition.done()
    if not resolved or (plain == "event" and "event" not in resolved):
        reader.findings.add(path, item, f"write {_example(plain)}")
    return resolved


def _example(plain: str) -> str:
    if plain == "state":
        return 'a state or a list of them, like ["awaiting_customer"], or an object like {"on_hold": "true"}'
    more = '{"event": "assigned", "team": ["network"]}'
    return f'an event or a list of them, like "resolved", of {", ".join(EVENTS)}; with further conditions: {more}'


def find_unreachable_clocks(targets: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return an error for each clock target that no ticket can reach, because an earlier target matches all its
    tickets.

    If several targets with the same clock match a ticket, only the first of these targets applies. So a target for few
    tickets must come before a target for these and other tickets.
    """
    found = []
    for index, target in enumerate(targets):
        earlier = next((other for other in targets[:index] if _takes_all(other, target)), None)
        if earlier is not None:
            found.append(_never(index, target, earlier))
    return found


def _never(index: int, target: Mapping[str, Any], earlier: Mapping[str, Any]) -> Finding:
    if _takes_all(target, earlier):
        remedy = (
            f"{earlier['key']} matches the same tickets and comes first, so this one never applies: match other tickets"
        )
    else:
        remedy = f"{earlier['key']} comes first and matches all of these tickets: write this target before it"
    return Finding(
        f"targets[{index}].applies_to", _condition_text(target["applies_to"]), remedy, "specific.never-applies"
    )


def _takes_all(wider: Mapping[str, Any], narrower: Mapping[str, Any]) -> bool:
    """Return whether ``wider`` has the same clock as ``narrower`` and matches each ticket that ``narrower`` matches."""
    if wider["aggregation"] != "clock" or narrower["aggregation"] != "clock" or wider["clock"] != narrower["clock"]:
        return False
    wanted = narrower["applies_to"]
    return all(
        name in wanted and _values(wanted[name]) <= _values(values) for name, values in wider["applies_to"].items()
    )


def _values(written: str | Sequence[str]) -> set[str]:
    return {written} if isinstance(written, str) else set(written)


def _condition_text(applies: Mapping[str, str | Sequence[str]]) -> str:
    return ", ".join(f"{name} {'|'.join(sorted(_values(values)))}" for name, values in applies.items())
