"""Validation of values, counts, occurrences, ratings and histograms. They become rows, or facts that can be corrected
later.
"""

from __future__ import annotations

import math
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts import histograms, rating_validation, ratios, rejections
from slm_monitor.domain.facts.facts import CATEGORY, FAILED, Fact, hash_fact_content, name_labelled_series
from slm_monitor.domain.facts.histograms import InvalidHistogram
from slm_monitor.domain.facts.intake_items import (
    COUNTED_KINDS,
    CounterReading,
    Indicator,
    SentMeasurement,
    build_fact_key_from_source_id,
)
from slm_monitor.domain.facts.rejections import ItemRejected, validate_instant
from slm_monitor.domain.series import classifiers

_APART = "\x1f"
_MOST_COUNTED = 2**53
"""The greatest number up to which a double holds every whole number."""
_LONGEST_LABELS = 1_000
"""The greatest size of all labels in bytes: owner, indicator and labels form a key, and a PostgreSQL index holds 2,704
bytes.
"""
LAST_REVISION = 2**31 - 1
"""The revision of a retraction that names no revision. No revision of the retracted fact can be higher."""


def build_retraction_fact(item: SentMeasurement, indicator: Indicator) -> Fact:
    """Return the retraction as a fact; it replaces the fact that the item retracts. Raises ItemRejected."""
    assert item.retract is not None
    rejections.check_storable_names(retract=item.retract)
    rejections.check_revision_range(item.revision)
    if item.id is not None and item.id != item.retract:
        raise ItemRejected("two_ids", "retract", item.retract, "name the fact to be removed in retract alone")
    key = f"{item.source or ''}\x1f{item.retract}"
    body = {"retracted": True, "counted": indicator.kind in COUNTED_KINDS}
    return Fact(indicator.subject, key, 0, body, item.revision or LAST_REVISION, 0)


def validate_measured_value(
    item: SentMeasurement, indicator: Indicator, at: UtcMicroseconds, recorded_at: UtcMicroseconds
) -> Fact | tuple[str, float, float | None]:
    """Return a row (series, value, out_of) if the item is one measurement without an id; otherwise a fact stored by
    itself.

    If the item counts good events out of all events, ``value`` is the number of good events, and ``out_of`` the number
    of all events; otherwise ``out_of`` is None. Raises ItemRejected.
    """
    if item.source is not None and _APART in item.source:
        raise ItemRejected("bad_name", "source", item.source, "leave out control characters")
    rejections.check_revision_range(item.revision)
    if indicator.kind == "rating":
        _refuse_states(item, indicator)
        return _rating(item, indicator, at, recorded_at)
    if item.cumulative is not None:
        return _reading(item, indicator, at, recorded_at)
    if item.histogram is not None:
        return _merged(item, indicator, at, recorded_at)
    measured = _measured(item, indicator)
    _refuse_states(item, indicator)
    labels = read_measurement_labels(item)
    if item.id is None and len(measured) == 1:
        # The source is part of the series' name: two messages that differ only in their source are two facts.
        named = {**labels, SOURCE: item.source} if item.source is not None else labels
        value, out_of = measured[0]
        return name_labelled_series(indicator.subject, named), value, out_of
    # JSON has no infinity: in the body of a fact, null stands for a failed probe.
    rows = [[None if value == FAILED else value] if out_of is None else [value, out_of] for value, out_of in measured]
    body = {"rows": rows, "labels": labels}
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, "source": item.source, **body})
    return Fact(indicator.subject, own, at, body, item.revision, recorded_at)


def _refuse_states(item: SentMeasurement, indicator: Indicator) -> None:
    if item.state is not None or item.ok is not None or item.outage is not None:
        remedy = f"indicator {indicator.key} takes no states; its kind is {indicator.kind}"
        raise ItemRejected("wrong_kind", "state", item.state, remedy)


SOURCE = "@source"


def _rating(item: SentMeasurement, indicator: Indicator, at: UtcMicroseconds, recorded_at: UtcMicroseconds) -> Fact:
    """Return a rating as a fact, not as a row: two respondents may give the same score at the same instant."""
    score, labels, more = rating_validation.validate_rating(item, indicator)
    body = {"rows": [[score]], "labels": read_measurement_labels(item) | labels, **more}
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, "source": item.source, **body})
    return Fact(indicator.subject, own, at, body, item.revision, recorded_at)


def _merged(item: SentMeasurement, indicator: Indicator, at: UtcMicroseconds, recorded_at: UtcMicroseconds) -> Fact:
    """Return a histogram as a fact. Raises ItemRejected if a target of the indicator cannot classify its buckets."""
    if indicator.kind != "value" or item.value is not None or item.values is not None or item.failed is not None:
        remedy = f"indicator {indicator.key} takes a histogram in the place of its values; its kind is {indicator.kind}"
        raise ItemRejected("wrong_kind", "histogram", None, remedy)
    try:
        histogram, body = histograms.validate_sent_histogram(item.histogram or {})
    except InvalidHistogram as error:
        raise ItemRejected("no_histogram", "histogram", None, str(error)) from error
    for kind, limit in sorted(indicator.limits):
        if not classifiers.RowClassifier(kind, limit).histogram_counts(histogram)[2]:
            continue
        if kind == classifiers.EXACT:
            remedy = "send sum, min and max beside the buckets, or the values: a target is judged by them"
            raise ItemRejected("not_summed", "histogram", None, remedy)
        bucket = f"send a bucket that ends at {limit:g}, or " if kind == classifiers.AT_MOST else "send "
        remedy = f"{bucket}the values themselves: a target is judged by the limit of {limit:g}"
        raise ItemRejected("no_such_bound", "histogram.bounds", None, remedy)
    labels = read_measurement_labels(item)
    content = {"histogram": body, "labels": labels}
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, "source": item.source, **content})
    return Fact(indicator.subject, own, at, content, item.revision, recorded_at)


_COUNTS = ("good", "bad", "total", "count", "value", "values", "failed")


def _reading(item: SentMeasurement, indicator: Indicator, at: UtcMicroseconds, recorded_at: UtcMicroseconds) -> Fact:
    """Return a reading of cumulative counters as a fact.

    Its labels include the source, because increments are taken between readings of one source.
    """
    assert item.cumulative is not None
    if indicator.kind not in ("ratio", "count"):
        remedy = f"indicator {indicator.key} is no ratio and counts nothing; send its measurements as they are"
        raise ItemRejected("wrong_kind", "cumulative", None, remedy)
    also = next((name for name in _COUNTS if getattr(item, name) is not None), None)
    if also is not None:
        remedy = "send either what was counted since the last measurement, or in cumulative what the counters read"
        raise ItemRejected("two_contents", also, getattr(item, also), remedy)
    labels = read_measurement_labels(item) | ({SOURCE: item.source} if item.source is not None else {})
    body: dict[str, Any] = {"cumulative": _counters(item.cumulative, indicator), "labels": labels}
    if item.cumulative.bad is not None and indicator.kind == "ratio":
        body["bad"] = True
    if item.cumulative.since is not None:
        body["since"] = validate_instant(item.cumulative.since, "cumulative.since")
        if body["since"] > at:
            remedy = "the counters cannot have been at zero after they were read"
            raise ItemRejected("reversed_interval", "cumulative.since", str(item.cumulative.since), remedy)
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, **body})
    return Fact(indicator.subject, own, at, body, item.revision, recorded_at)


def _counters(read: CounterReading, indicator: Indicator) -> list[int]:
    """Return the counters of a reading: [good, total] for an indicator of kind ratio, [count] for kind count. Raises
    ItemRejected.
    """
    if indicator.kind == "count":
        if read.count is None or not 0 <= read.count <= _MOST_COUNTED:
            remedy = f"say what the counter reads, 0 to {_MOST_COUNTED}"
            raise ItemRejected("bad_count", "cumulative.count", read.count, remedy)
        return [read.count]
    if any(number is not None and abs(number) > _MOST_COUNTED for number in (read.good, read.bad, read.total)):
        raise ItemRejected("too_large", "cumulative.total", read.total, f"set counters back before {_MOST_COUNTED}")
    try:
        counts = ratios.validate_event_counts(read.good, read.bad, read.total)
    except ratios.InvalidEventCounts as error:
        reason, field, value, remedy = error.parts
        raise ItemRejected(reason, f"cumulative.{field}", value, remedy) from error
    return [counts["good"], counts["total"]]


def read_measurement_labels(item: SentMeasurement) -> dict[str, str]:
    """Return the labels of an item, with its category as one of them. Raises ItemRejected."""
    labels = dict(item.labels or {})
    if item.category is not None:
        labels[CATEGORY] = item.category
    for name, value in labels.items():
        rejections.check_storable_names(labels=name)
        rejections.check_storable_names(**{f"labels.{name}": value})
        if "=" in name or _APART in name + value or name.startswith("@"):
            raise ItemRejected("bad_label", "labels", name, "name labels without =, a leading @ and control characters")
    if sum(len(name.encode()) + len(value.encode()) for name, value in labels.items()) > _LONGEST_LABELS:
        remedy = f"send at most {_LONGEST_LABELS} bytes of labels: each set of them is a series of its own"
        raise ItemRejected("too_long", "labels", None, remedy)
    return labels


def _measured(item: SentMeasurement, indicator: Indicator) -> list[tuple[float, float | None]]:
    """Return (value, out_of) of each measurement in the item. Raises ItemRejected.

    If the item counts good events out of all events, ``value`` is the number of good events, and ``out_of`` the number
    of all events; otherwise ``out_of`` is None.
    """
    if item.failed and indicator.kind != "value":
        remedy = f"indicator {indicator.key} measures no values; its kind is {indicator.kind}"
        raise ItemRejected("wrong_kind", "failed", True, remedy)
    if indicator.kind == "ratio":
        counts = _counts(item)
        return [(counts["good"], counts["total"])]
    if indicator.kind == "count":
        number = 1 if item.count is None else item.count
        if not 0 < number <= _MOST_COUNTED:
            raise ItemRejected(
                "bad_count", "count", item.count, "say how often it occurred, 1 or more; leave it out for once"
            )
        return [(float(number), None)]
    return [(value, None) for value in _values(item, indicator)]


def _values(item: SentMeasurement, indicator: Indicator) -> list[float]:
    if item.failed:
        if item.value is not None or item.values is not None:
            raise ItemRejected(
                "two_contents", "failed", True, "send either what was measured, or that measuring failed"
            )
        return [FAILED]
    if item.value is not None and item.values is None:
        measured = [item.value]
    elif item.values and item.value is None:
        measured = item.values
    else:
        raise ItemRejected(
            "no_value", "value", item.value, f"indicator {indicator.key} takes a value, or values, per item"
        )
    for value in measured:
        if not math.isfinite(value):
            raise ItemRejected(
                "not_a_number", "value", str(value), "send finite numbers; leave out what was not measured"
            )
    return measured


def _counts(item: SentMeasurement) -> dict[str, Any]:
    if any(number is not None and abs(number) > _MOST_COUNTED for number in (item.good, item.bad, item.total)):
        raise ItemRejected(
            "too_large", "total", item.total, f"count up to {_MOST_COUNTED}; send larger counts in parts"
        )
    try:
        return {**ratios.validate_event_counts(item.good, item.bad, item.total)}
    except ratios.InvalidEventCounts as error:
        raise ItemRejected(*error.parts) from error
