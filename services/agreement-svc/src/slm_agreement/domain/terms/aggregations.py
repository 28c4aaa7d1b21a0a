"""The aggregations of targets: how each is written, and which kind of indicator it needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import composites, target_windows
from slm_agreement.domain.terms.indicators import AgreementParties
from slm_agreement.domain.terms.reading import FieldReader, decimal_text
from slm_events import aggregations as vocabulary
from slm_events.aggregations import WITHOUT, AggregationKind

ACCEPTED = frozenset(vocabulary.KINDS)
"""Aggregations that parties may agree on: all those for which monitor-svc computes figures."""

_QUANTITY = re.compile(r"\s*(-?[0-9.]+)\s*([A-Za-z%µ/]*)\s*\Z")


@dataclass(frozen=True, slots=True)
class Aggregation:
    """The method by which a target's figure is computed, such as ``availability`` or ``{"quantile": "0.95"}``.

    ``document`` is the aggregation as the signed document has it, with its parameters. If a parameter is a limit with a
    unit, such as ``300ms``, ``unit`` is that unit (``ms``); otherwise None.
    """

    name: str
    document: Any
    unit: str | None = None

    @property
    def parameters(self) -> Any:
        """The aggregation's parameters in the resolved document; None if it has none."""
        return self.document[self.name] if isinstance(self.document, Mapping) else None

    @property
    def kind(self) -> AggregationKind:
        """The properties that all aggregations of this name share, such as source, unit and kinds of indicator."""
        return vocabulary.KINDS[self.name]

    @property
    def may_roll(self) -> bool:
        """Whether the target may have a rolling window. A composite of figures may only have a calendar window."""
        return self.name != "composite" or bool(self.parameters["of"] != "figures")

    @property
    def is_of_states(self) -> bool:
        """Whether this is a composite of its members' states, which is evaluated like availability."""
        return self.name == "composite" and bool(self.parameters["of"] == "states")


def read_aggregation(reader: FieldReader, accepted: Collection[str], parties: AgreementParties) -> Aggregation:
    """Read the field ``aggregation`` of a target.

    ``accepted`` are the names of aggregations that may be used. An invalid value is added to the
    reader's findings, and a valid aggregation is returned in its place.
    """
    raw = reader.raw("aggregation")
    name = next(iter(raw)) if isinstance(raw, Mapping) and len(raw) == 1 else raw
    path = reader.at("aggregation")
    if not isinstance(name, str) or name not in accepted:
        reader.fault("aggregation", raw, _remedy(accepted, name))
        return Aggregation("availability", "availability")
    kind = vocabulary.KINDS[name]
    if not kind.accepts_form(raw):
        reader.fault("aggregation", raw, f"write {kind.form}")
        return Aggregation(name, name) if kind.written == WITHOUT else Aggregation("availability", "availability")
    if not isinstance(raw, Mapping):
        return Aggregation(name, name)
    if name in ("share_at_most", "share_at_least"):
        return _share(name, raw[name], reader)
    written, place = raw[name], f"{path}.{name}"
    if name == "composite":
        return Aggregation(name, {name: composites.read_composite(written, place, reader.findings, parties)})
    document = _quantile(written, reader) if name == "quantile" else _READ[name](written, place, reader.findings)
    return Aggregation(name, {name: document})


def _remedy(accepted: Collection[str], name: Any) -> str:
    forms = ", ".join(kind.form for name, kind in vocabulary.KINDS.items() if name in accepted)
    later = sorted(ACCEPTED - set(accepted))
    more = f"; {', '.join(later)}: not judged yet" if later and name in later else ""
    return f"write one of: {forms}{more}"


def _share(name: str, limit: Any, reader: FieldReader) -> Aggregation:
    number, unit = split_quantity(limit)
    if number is None or number.startswith("-"):
        remedy = 'write a number in the indicator\'s unit, like "300" or "300ms"'
        reader.fault(f"aggregation.{name}", limit, remedy)
    return Aggregation(name, {name: number or "0"}, unit)


def split_quantity(written: Any) -> tuple[str | None, str | None]:
    """Split a quantity into its number and unit: ``"300 ms"`` gives ("300", "ms"). The unit is None if there is none.

    Returns (None, None) for anything but a number with or without a unit.
    """
    match = _QUANTITY.match(written) if isinstance(written, str) else None
    number = decimal_text(match[1] if match else written)
    return number, (match[2] or None) if match and number is not None else None


def _quantile(written: Any, reader: FieldReader) -> str:
    number = decimal_text(written)
    if number is None or not 0 < Decimal(number) < 1:
        remedy = 'write a number between 0 and 1, like "0.95" for the 95th percentile'
        reader.fault("aggregation.quantile", written, remedy)
        return "0.5"
    return number


def _outages(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    reader = FieldReader(raw, path, findings)
    resolved = {"at_least": _positive(reader, "at_least", "PT5M")}
    reader.done()
    return resolved


def _count(raw: Any, path: str, findings: Findings) -> dict[str, Any]:
    reader = FieldReader({"category": raw} if isinstance(raw, str) else raw, path, findings)
    resolved = {"category": reader.text("category", longest=200)}
    reader.done()
    return resolved


def _nps(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    reader = FieldReader(raw, path, findings)
    resolved = {"promoters": reader.decimal("promoters", "9"), "detractors": reader.decimal("detractors", "6")}
    if Decimal(resolved["promoters"]) <= Decimal(resolved["detractors"]):
        remedy = "write the highest score of a detractor; it must be below the lowest score of a promoter"
        reader.fault("detractors", resolved["detractors"], remedy)
    reader.done()
    return resolved


def _recovered_within(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """Read the limits for recovery time and for the age of the data that was restored. At least one of the two is
    required.
    """
    reader = FieldReader(raw, path, findings)
    limits = {"time": "PT4H", "point": "PT15M"}
    resolved = {name: _positive(reader, name, example) for name, example in limits.items() if reader.has(name)}
    if not resolved:
        findings.add(path, raw, f"write {vocabulary.KINDS['recovered_within'].form}, or one of both limits")
    reader.done()
    return resolved or {"time": "PT4H"}


def _time_slices(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    reader = FieldReader(raw, path, findings)
    width = _positive(reader, "width", "PT5M")
    if (target_windows.parse_duration(width) or 0) % target_windows.MINUTE:
        reader.fault("width", width, "write whole minutes, like PT5M: counts are kept by the minute")
    good_if = reader.decimal("good_if", "1", most="1")
    if Decimal(good_if) == 0:
        reader.fault("good_if", good_if, 'write the share of good events that makes a slice good, like "0.95"')
    resolved = {
        "width": width,
        "good_if": good_if,
        "budget": reader.choice("budget", ("slices", "ratio"), "slices"),
    }
    reader.done()
    return resolved


def _positive(reader: FieldReader, name: str, example: str) -> str:
    text = reader.raw(name)
    if (target_windows.parse_duration(text) or 0) <= 0:
        reader.fault(name, text, f"write an ISO 8601 duration above zero, like {example}")
        return example
    return str(text)


_READ = {
    "outages": _outages,
    "count": _count,
    "time_slices": _time_slices,
    "compliance": composites.read_compliance,
    "nps": _nps,
    "recovered_within": _recovered_within,
}
