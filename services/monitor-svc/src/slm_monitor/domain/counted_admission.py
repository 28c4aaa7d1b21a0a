"""What may come in of values, counts and occurrences: as rows, or as facts that can be corrected."""

from __future__ import annotations

import math
from typing import Any

from slm_monitor.domain import ratios, refusals
from slm_monitor.domain.facts import CATEGORY, Fact, content_key, labelled
from slm_monitor.domain.messages import COUNTED_KINDS, Indicator, Measurement, own_key
from slm_monitor.domain.refusals import Refused

_APART = "\x1f"
_MOST_COUNTED = 2**53
"""Up to here a double holds every whole number."""
LAST_REVISION = 2**31 - 1
"""That of a retraction which names none: whatever its fact's revision, it is gone."""


def retraction(item: Measurement, indicator: Indicator) -> Fact:
    """A fact that takes the place of the one it removes."""
    assert item.retract is not None
    refusals.check_names(retract=item.retract)
    refusals.check_revision(item.revision)
    if item.id is not None and item.id != item.retract:
        raise Refused("two_ids", "retract", item.retract, "name the fact to be removed in retract alone")
    key = f"{item.source or ''}\x1f{item.retract}"
    body = {"retracted": True, "counted": indicator.kind in COUNTED_KINDS}
    return Fact(indicator.subject, key, 0, body, item.revision or LAST_REVISION, 0)


def counted(
    item: Measurement, indicator: Indicator, at: int, recorded_at: int
) -> Fact | tuple[str, float, float | None]:
    """A row (series, value, of), where one measurement is all there is to know of it; else a fact kept by itself.

    Raises Refused.
    """
    measured = _measured(item, indicator)
    if item.state is not None or item.ok is not None or item.outage is not None:
        remedy = f"indicator {indicator.key} takes no states; its kind is {indicator.kind}"
        raise Refused("wrong_kind", "state", item.state, remedy)
    if item.source is not None and _APART in item.source:
        raise Refused("bad_name", "source", item.source, "leave out control characters")
    labels = _labels(item)
    refusals.check_revision(item.revision)
    if item.id is None and len(measured) == 1:
        # A source of its own has a name of its own: two messages that are equal but for it are two facts.
        named = {**labels, SOURCE: item.source} if item.source is not None else labels
        value, of = measured[0]
        return labelled(indicator.subject, named), value, of
    body = {"rows": [[value] if of is None else [value, of] for value, of in measured], "labels": labels}
    own = own_key(item) or content_key({"at": at, "source": item.source, **body})
    return Fact(indicator.subject, own, at, body, item.revision, recorded_at)


SOURCE = "@source"


def _labels(item: Measurement) -> dict[str, str]:
    labels = dict(item.labels or {})
    if item.category is not None:
        labels[CATEGORY] = item.category
    for name, value in labels.items():
        refusals.check_names(**{"labels": name, f"labels.{name}": value})
        if "=" in name or _APART in name + value or name.startswith("@"):
            raise Refused("bad_label", "labels", name, "name labels without =, a leading @ and control characters")
    return labels


def _measured(item: Measurement, indicator: Indicator) -> list[tuple[float, float | None]]:
    """(value, of) of each thing measured."""
    if indicator.kind == "ratio":
        counts = _counts(item)
        return [(counts["good"], counts["total"])]
    if indicator.kind == "count":
        number = 1 if item.count is None else item.count
        if not 0 < number <= _MOST_COUNTED:
            raise Refused(
                "bad_count", "count", item.count, "say how often it occurred, 1 or more; leave it out for once"
            )
        return [(float(number), None)]
    return [(value, None) for value in _values(item, indicator)]


def _values(item: Measurement, indicator: Indicator) -> list[float]:
    if item.value is not None and item.values is None:
        measured = [item.value]
    elif item.values and item.value is None:
        measured = item.values
    else:
        raise Refused("no_value", "value", item.value, f"indicator {indicator.key} takes a value, or values, per item")
    for value in measured:
        if not math.isfinite(value):
            raise Refused("not_a_number", "value", str(value), "send finite numbers; leave out what was not measured")
    return measured


def _counts(item: Measurement) -> dict[str, Any]:
    if any(number is not None and abs(number) > _MOST_COUNTED for number in (item.good, item.bad, item.total)):
        raise Refused("too_large", "total", item.total, f"count up to {_MOST_COUNTED}; send larger counts in parts")
    try:
        return {**ratios.counts(item.good, item.bad, item.total)}
    except ratios.NotCounted as error:
        raise Refused(*error.parts) from error
