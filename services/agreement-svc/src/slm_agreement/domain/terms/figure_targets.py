"""The terms of a target whose figure is computed over windows, from an indicator or from other targets."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from slm_agreement.domain.terms import indicators, objectives, target_warnings, target_windows
from slm_agreement.domain.terms.aggregations import Aggregation
from slm_agreement.domain.terms.reading import FieldReader
from slm_agreement.domain.terms.target_context import TargetContext
from slm_events import aggregations as vocabulary

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}\Z")
_MOST_LABELS = 5
_EXPECTING = frozenset(name for name, kind in vocabulary.KINDS.items() if kind.is_of_events)
"""Aggregations that may give an expected number of events for a window.

With that number a breach can be certain before the window closes.
"""


def read_figure_terms(reader: FieldReader, aggregation: Aggregation, context: TargetContext) -> dict[str, Any]:
    """Read the terms that only figure targets have; all other terms are read elsewhere."""
    indicator = _indicator(reader, aggregation, context)
    unit = indicator["unit"] if indicator else None
    if indicator and indicator["kind"] == "rating":
        unit = unit or "points"
    promised = objectives.read_objective(reader, aggregation, unit)
    is_in_its_unit = aggregation.kind.unit == vocabulary.UNIT_OF_INDICATOR
    if indicator and not unit and indicator["kind"] == "value" and is_in_its_unit:
        indicator["unit"] = promised["unit"] or None
    window = _window(reader, aggregation, context)
    return {
        "indicator": indicator,
        "objective": promised,
        "unacceptable": objectives.read_unacceptable_level(reader, aggregation, unit, promised),
        "window": window,
        "warn_at": _warnings(reader, aggregation, promised, window),
        "warn_again_after": target_warnings.read_warn_again_after(reader, window),
        "group_by": _group_by(reader, aggregation),
        "expected_volume": _expected_volume(reader, aggregation, window),
        "on_amendment": reader.choice("on_amendment", ("next_window", "split"), "next_window"),
        **_min_coverage(reader, aggregation, window),
        **_short_outages(reader, aggregation),
    }


def _indicator(reader: FieldReader, aggregation: Aggregation, context: TargetContext) -> dict[str, Any] | None:
    raw = reader.raw("indicator")
    if not aggregation.kind.indicators:
        if raw is not None:
            reader.fault("indicator", raw, "leave it out: the target is judged by other targets of the agreement")
        return None
    return indicators.read_indicator(reader, aggregation.kind.indicators, aggregation.unit, context.parties)


def _window(reader: FieldReader, aggregation: Aggregation, context: TargetContext) -> dict[str, str]:
    window = target_windows.read_window(
        reader.raw("window"), reader.at("window"), reader.findings, context.critical_periods
    )
    if "rolling" in window and not aggregation.may_roll:
        remedy = 'write {"calendar": "month"}: a composite of figures is not judged over rolling windows'
        reader.fault("window", reader.raw("window"), remedy)
    if "rolling" in window and aggregation.name == "time_slices":
        width = target_windows.parse_duration(aggregation.parameters["width"]) or 0
        if width > (target_windows.parse_duration(window["rolling"]) or width):
            remedy = f"write a window that a slice of {aggregation.parameters['width']} fits into"
            reader.fault("window", reader.raw("window"), remedy)
    return window


def _warnings(
    reader: FieldReader, aggregation: Aggregation, promised: dict[str, str], window: dict[str, str]
) -> dict[str, Any]:
    if aggregation.name == "quantile":
        allowed: Fraction | None = 1 - Fraction(aggregation.parameters)
    else:
        allowed = objectives.allowed_bad_share(promised)
    known = _known(aggregation, promised)
    if "rolling" in window:
        # A rolling window never ends, so its end cannot be projected.
        known &= target_warnings.OF_ROLLING
    has_budget = not objectives.has_no_error_budget(promised) or aggregation.name == "quantile"
    return target_warnings.read_figure_warnings(reader, known, window, allowed, has_budget=has_budget)


def _known(aggregation: Aggregation, promised: dict[str, str]) -> frozenset[str]:
    """Return the names of the warnings that a target with this aggregation and objective may have."""
    if aggregation.is_of_states:
        return vocabulary.OF_STATES
    if objectives.is_composite_of_verdicts(aggregation):
        return frozenset()
    if aggregation.name == "count" and objectives.AT_MOST in promised:
        return vocabulary.OF_LIMITED_COUNTS
    return aggregation.kind.warnings


def _group_by(reader: FieldReader, aggregation: Aggregation) -> list[str]:
    labels = reader.texts("group_by")
    if labels and not aggregation.kind.indicators:
        remedy = "leave it out: it works only for measurements with labels; write one target for each group instead"
        reader.fault("group_by", labels, remedy)
    if len(labels) > _MOST_LABELS or not all(_LABEL.match(label) for label in labels):
        reader.fault("group_by", labels, f'write the names of up to {_MOST_LABELS} labels, like ["region"]')
    return sorted(labels)


def _min_coverage(reader: FieldReader, aggregation: Aggregation, window: dict[str, str]) -> dict[str, str]:
    """Read the minimum coverage: the percentage of a window that must be known, so that the window gets a verdict.

    If the term is missing, no default is added: the hash of a document from before this term existed must not change.
    """
    raw = reader.raw("min_coverage")
    if raw is None:
        return {}
    least = reader.decimal("min_coverage", most="100")
    if not least.strip("0."):
        reader.fault("min_coverage", raw, 'write a percentage above 0, like "95", or leave it out')
    kind = vocabulary.CALENDAR if target_windows.is_closing(window) else vocabulary.ROLLING
    remedy = vocabulary.explain_no_min_coverage(aggregation.document, kind)
    if remedy is not None:
        reader.fault("min_coverage", raw, remedy)
    return {"min_coverage": least}


def _short_outages(reader: FieldReader, aggregation: Aggregation) -> dict[str, str]:
    """Read how long an outage must last to count, and whether it then counts whole or only beyond that length.

    If a term is missing, no default is added: the hash of a document from before these terms existed must not change,
    and a check can tell that nobody wrote ``short_outages``.
    """
    raw, way = reader.raw("ignore_outages_shorter_than"), reader.raw("short_outages")
    if raw is None:
        if way is not None:
            reader.fault("short_outages", way, vocabulary.SHORT_OUTAGES_OF_NOTHING)
        return {}
    remedy = vocabulary.explain_no_short_outages(aggregation.document)
    if remedy is not None:
        reader.fault("ignore_outages_shorter_than", raw, remedy)
        return {}
    length = target_windows.parse_duration(raw)
    if length is None or length <= 0:
        remedy = 'write how long an outage lasts at least that counts, above zero and without months, like "PT5M"'
        reader.fault("ignore_outages_shorter_than", raw, remedy)
        return {}
    found = {"ignore_outages_shorter_than": str(raw)}
    return found if way is None else {**found, "short_outages": reader.choice("short_outages", ("whole", "excess"))}


def _expected_volume(reader: FieldReader, aggregation: Aggregation, window: dict[str, str]) -> int | None:
    raw = reader.raw("expected_volume")
    if raw is None:
        return None
    if aggregation.name not in _EXPECTING or not target_windows.is_closing(window):
        remedy = f"leave it out: it is for calendar windows of {', '.join(sorted(_EXPECTING))}"
        reader.fault("expected_volume", raw, remedy)
        return None
    return reader.whole("expected_volume", 1, 1, 2**53 - 1, "how many events a window has at most, like 100000")
