"""The mapping of a file of measurements: what each record measures, for which indicator, and at which instant."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from slm_mappings.mapping_parts import ColumnTest, Condition, MappingPart, Records, Text, Times, TranslatedColumn
from slm_mappings.outage_mapping import IndicatorNames, Length


class ColumnName(MappingPart):
    """A value that is read from a column unchanged."""

    column: str


class MeasuredIndicator(IndicatorNames):
    """The indicator to which a measurement belongs, and the state of the indicator before its first measurement."""

    initial_state: Literal["up", "unknown"] = "unknown"


class CounterColumns(MappingPart):
    """Columns with readings of cumulative counters: ``total`` with either ``good`` or ``bad``, or ``count`` alone."""

    good: str | None = None
    bad: str | None = None
    total: str | None = None
    count: str | None = None
    since: str | None = None
    """The column with the instant at which the counters were last zero."""

    @model_validator(mode="after")
    def _is_one_counter_or_a_ratio(self) -> CounterColumns:
        is_ratio = self.total is not None and (self.good is None) != (self.bad is None) and self.count is None
        if not is_ratio and (self.count is None or (self.good, self.bad, self.total) != (None, None, None)):
            raise ValueError("give count alone, or total with either good or bad")
        return self


class RecoveryColumns(MappingPart):
    """The columns with the instants of a service's recovery.

    Exactly one of two columns says when the outage ended: ``service_restored`` holds its end, ``length`` how long it
    lasted.
    """

    outage_start: str
    service_restored: str | None = None
    length: Length | None = None
    data_restored_to: str | None = None
    test: ColumnTest | None = None
    """If a record passes this condition, the recovery was only a trial, without a real outage."""

    @model_validator(mode="after")
    def _ends_somehow(self) -> RecoveryColumns:
        if (self.service_restored is None) == (self.length is None):
            raise ValueError("give either service_restored or length")
        return self


class RatingScale(MappingPart):
    """The lowest and the highest score that the indicator accepts."""

    lowest: Text
    highest: Text


class _Measure(NamedTuple):
    """The rules for one value of ``measures``: the kind of its indicators, and the fields of its mapping."""

    kind: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()


MEASURES = {
    "probes": _Measure("availability", frozenset({"ok"})),
    "states": _Measure("availability", frozenset({"state"})),
    "ratios": _Measure("ratio", frozenset({"total"}), frozenset({"good", "bad"})),
    "values": _Measure("value", frozenset({"value"}), frozenset({"failed"})),
    "occurrences": _Measure("count", frozenset(), frozenset({"count", "category"})),
    "counters": _Measure("ratio", frozenset({"cumulative"})),
    "ratings": _Measure("rating", frozenset({"score", "scale"}), frozenset({"respondent", "touch_point"})),
    "recoveries": _Measure("recovery", frozenset({"recovery"})),
}
_CONTENT = frozenset[str]().union(*(each.required | each.optional for each in MEASURES.values()))


class MeasurementMapping(MappingPart):
    """The mapping of a file in which each record is one measurement. ``measures`` says what the records measure."""

    kind: Literal["measurements"]
    measures: Literal["probes", "states", "ratios", "values", "occurrences", "counters", "ratings", "recoveries"]
    source: Annotated[str, Field(min_length=1)] | ColumnName
    """The system that measured. Counters that count independently of each other need a source each, from a column."""
    records: Records
    times: Times = Times()
    missing: tuple[str, ...] = ("",)
    decimal: Literal[".", ","] = "."
    """The sign before the decimals of numbers that are written as text."""
    indicator: MeasuredIndicator
    at: str | None = None
    id: str | tuple[str, ...] | None = None
    """The columns whose values identify a measurement, so that a later file can correct it. None: its content
    identifies it.
    """
    recorded_at: str | None = None
    """The column with the instant of the record's last change. Of two records with the same id, the one that was
    changed later applies.
    """
    labels: dict[str, str] = Field(default_factory=dict)
    """Label → column. A record whose value is missing does not get the label."""
    unit: str | None = None
    exclude_where: tuple[Condition, ...] = ()
    """Records that are not sent."""

    ok: ColumnTest | TranslatedColumn | str | None = None
    state: TranslatedColumn | str | None = None
    good: str | None = None
    bad: str | None = None
    total: str | None = None
    value: str | None = None
    failed: ColumnTest | None = None
    """If a record passes this test, the probe got no value."""
    count: str | None = None
    category: TranslatedColumn | str | None = None
    cumulative: CounterColumns | None = None
    score: str | None = None
    scale: RatingScale | None = None
    respondent: str | None = None
    touch_point: TranslatedColumn | str | None = None
    recovery: RecoveryColumns | None = None

    @model_validator(mode="after")
    def _has_the_fields_of_its_measure(self) -> MeasurementMapping:
        required, optional = MEASURES[self.measures].required, MEASURES[self.measures].optional
        given = {name for name in _CONTENT if getattr(self, name) is not None}
        if self.measures == "ratios" and (self.good is None) == (self.bad is None):
            raise ValueError("ratios take total with either good or bad")
        if missing := sorted(required - given):
            raise ValueError(f"{self.measures} need {' and '.join(missing)}")
        if foreign := sorted(given - required - optional):
            raise ValueError(f"{self.measures} take no {' and no '.join(foreign)}")
        if (self.at is None) != (self.measures == "recoveries"):
            raise ValueError(
                "recoveries take their instants from recovery, and no at" if self.at else "name the column at"
            )
        return self

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns of ``id``."""
        return (self.id,) if isinstance(self.id, str) else self.id or ()

    def registration(self, key: str) -> dict[str, Any]:
        """Return the document that registers an indicator of this file with ``POST /api/v1/indicators``."""
        counts_once = self.cumulative is not None and self.cumulative.count is not None
        document: dict[str, Any] = {"key": key, "kind": "count" if counts_once else MEASURES[self.measures].kind}
        if self.unit is not None:
            document["unit"] = self.unit
        if document["kind"] == "availability":
            document["initial_state"] = self.indicator.initial_state
        if self.scale is not None:
            document["scale"] = self.scale.model_dump()
        return document
