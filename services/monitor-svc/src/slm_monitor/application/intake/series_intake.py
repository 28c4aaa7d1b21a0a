"""Intake of time series: rules of the party map each series to an indicator, and samples become measurements."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from slm_chassis.access import Principal
from slm_chassis.clock import Clock
from slm_events.catalogue import MEASUREMENTS
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.intake.intake import FactIntake
from slm_monitor.application.intake.record_reader import IndicatorRegister
from slm_monitor.application.intake.source_counts import RefusedSample, SourceTally
from slm_monitor.domain.facts.facts import MeasuredValues, concatenate_value_batches, name_labelled_series
from slm_monitor.domain.facts.intake_items import Indicator, SentMeasurement
from slm_monitor.domain.facts.rejections import IntakeRejection, ItemRejected
from slm_monitor.domain.intake.validation import FUTURE_LIMIT, ValidatedBatch, validate_measurements
from slm_monitor.domain.intake.value_validation import SOURCE, read_measurement_labels
from slm_monitor.domain.mapping.rules import LabelMissing, MappedSeries, SeriesRules
from slm_monitor.domain.mapping.samples import (
    InvalidLabels,
    LabelKey,
    WrittenSeries,
    choose_reading,
    describe_series,
    measure_histogram,
    measure_sample,
)
from slm_monitor.domain.mapping.selectors import MatchBudget

SOURCE_NAME = "prometheus"
"""The name of the source under which the samples of all series of one principal are counted."""
MOST_MATCHED = 5_000_000
"""Most characters that the rules' regular expressions may read for one request, in about half a second."""
MOST_NAMES_SHOWN = 10
MOST_ON_EVENT_LOOP = 5_000
"""Most series and samples, added up, that are read on the event loop: some 2 ms of work.

More are read in a thread, so that other requests are answered meanwhile. For a small request a thread costs more than
it saves, because it competes with the evaluation for the lock of the interpreter, and waits up to 5 ms each time.
"""
_MOST_KNOWN_BYTES = 8 << 20
_MOST_PARTIES = 64
_WHOLE_YEARS_MS = 62_000_000_000_000
"""Instants within ± this many ms of 1970 (years 5 to 3934) need no further check of their range."""


class SeriesRuleStore(Protocol):
    """The store of the parties' series rules."""

    async def revision(self, party_id: str) -> int:
        """Return the revision number of the party's rules; 0 if the party never set any."""
        ...

    async def rules(self, party_id: str) -> tuple[int, SeriesRules]:
        """Return (revision number, rules) of the party."""
        ...


@dataclass(slots=True)
class KnownSeries:
    """The result of mapping a series by its labels, remembered so that the series' next samples need no mapping.

    - ``mapped``: the indicator that the series measures, its labels, and the kind of its samples.
    - ``refusal``: why all samples of the series are refused.
    - If both are None, no rule matches, so the samples are left out.
    - ``row``: name of the rows to which values of the series are added; empty until the labels are validated.
    """

    name: str
    mapped: MappedSeries | None = None
    refusal: ItemRejected | None = None
    row: str = ""


@dataclass(slots=True)
class _Party:
    """A party's rules, and a cache of their results for the series that the party has sent."""

    revision: int
    rules: SeriesRules
    known: dict[LabelKey, KnownSeries] = field(default_factory=dict)
    size: int = 0


@dataclass(slots=True)
class SeriesAnswer:
    """The result of a request: the numbers of its samples, histograms and exemplars, and how many were refused.

    - ``ignored``: number of samples and histograms of series that no rule matches; these do not count as refused.
    - ``ignored_names``: names of some of these series.
    - ``reasons``: some of the refused series, each with the remedy.
    """

    samples: int = 0
    histograms: int = 0
    exemplars: int = 0
    refused_samples: int = 0
    refused_histograms: int = 0
    ignored: int = 0
    ignored_names: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class _Batch:
    """The samples of a request, collected for validation, and the refused samples.

    ``now``: when the samples were received. ``has_ids``: if True, the instant of a sample is used as its id within the
    series: a later sample with the same instant replaces the earlier sample.
    """

    def __init__(self, now: UtcMicroseconds, *, has_ids: bool = False) -> None:
        self.now = now
        self.has_ids = has_ids
        self.answer = SeriesAnswer()
        self.items: dict[int, SentMeasurement] = {}
        self.names: dict[int, str] = {}
        self.histograms: set[int] = set()
        self.refusals: list[IntakeRejection] = []
        self.subjects: dict[str, int] = {}
        self.slot: list[int] = []
        self.at: list[int] = []
        self.value: list[float] = []
        self._next = 0

    def add(self, name: str, item: SentMeasurement, *, is_histogram: bool) -> None:
        """Add a measurement that has to be validated."""
        self.items[self._number(name, is_histogram)] = item

    def refuse(self, name: str, error: ItemRejected, *, is_histogram: bool) -> None:
        """Add a sample that cannot become a measurement, with the reason."""
        self.refusals.append(IntakeRejection(self._number(name, is_histogram), *error.parts))

    def _number(self, name: str, is_histogram: bool) -> int:
        self._next += 1
        self.names[self._next] = name
        if is_histogram:
            self.histograms.add(self._next)
        return self._next

    def rows(self) -> MeasuredValues:
        return MeasuredValues(
            list(self.subjects),
            np.array(self.slot, dtype=np.int32),
            np.array(self.at, dtype=np.int64) * 1000,
            np.array(self.value, dtype=np.float64),
        )


class SeriesIntake:
    """Takes in time series: maps each series by the rules of the sender's party, and stores its measurements."""

    def __init__(
        self,
        intake: FactIntake,
        indicators: IndicatorRegister,
        rules: SeriesRuleStore,
        read_labels: Callable[[LabelKey], dict[str, str]],
        clock: Clock,
    ) -> None:
        self.intake = intake
        self._indicators = indicators
        self._rules = rules
        self._read_labels = read_labels
        self._clock = clock
        self._parties: OrderedDict[str, _Party] = OrderedDict()

    async def take(
        self, written: Sequence[WrittenSeries], caller: Principal, party_id: str, *, pulled_as: str = ""
    ) -> SeriesAnswer:
        """Take in the series of a request. The accepted samples are durable when this method returns.

        ``pulled_as``: name of the source from which this service pulled the samples; empty: a client sent them. If an
        instant is pulled again, the later value replaces the earlier, because a server computes each answer anew.

        Raises MatchingTooCostly before anything is stored, and Overload before any measurement is accepted. At an
        Overload, samples may have gone to quarantine already.
        """
        party = await self._party(party_id)
        is_small = len(written) + sum(len(each.samples) for each in written) <= MOST_ON_EVENT_LOOP
        known = self._remembered(written, party) if is_small else None
        if known is None:
            known = await asyncio.to_thread(self._known, written, party)
        subjects = {f"{party_id}/{each.mapped.indicator}" for each in known if each.mapped is not None}
        indicators = await self._indicators.indicators(list(subjects))
        has_histograms = any(series.histograms for series in written)
        if has_histograms:
            limits = await self._indicators.limits(list(subjects))
            indicators = {
                subject: replace(each, limits=limits.get(subject, frozenset())) for subject, each in indicators.items()
            }
        batch = _Batch(self._clock.now(), has_ids=bool(pulled_as))
        if is_small and not has_histograms:
            admitted = self._admitted(batch, written, known, party_id, indicators)
        else:
            admitted = await asyncio.to_thread(self._admitted, batch, written, known, party_id, indicators)
        await self.intake.store(admitted, batch.items, caller)
        self._count(batch, admitted, caller, pulled_as or SOURCE_NAME)
        return batch.answer

    async def _party(self, party_id: str) -> _Party:
        revision = await self._rules.revision(party_id)
        party = self._parties.get(party_id)
        if party is None or party.revision != revision:
            party = self._parties[party_id] = _Party(*await self._rules.rules(party_id))
        self._parties.move_to_end(party_id)
        while len(self._parties) > _MOST_PARTIES:
            self._parties.popitem(last=False)
        return party

    @staticmethod
    def _remembered(written: Sequence[WrittenSeries], party: _Party) -> list[KnownSeries] | None:
        """Return the remembered results for the labels of these series; None if one of them is not remembered."""
        found = [party.known.get(series.labels) for series in written if not series.fault]
        known = [each for each in found if each is not None]
        return known if len(known) == len(written) else None

    def _known(self, written: Sequence[WrittenSeries], party: _Party) -> list[KnownSeries]:
        budget = MatchBudget(MOST_MATCHED)
        found = []
        for series in written:
            known = party.known.get(series.labels)
            if known is None or series.fault:
                known = self._looked_up(series, party.rules, budget)
                if not series.fault:
                    size = 500 + _size_of(series.labels)
                    if party.size + size > _MOST_KNOWN_BYTES:
                        party.known, party.size = {}, 0
                    party.known[series.labels] = known
                    party.size += size
            found.append(known)
        return found

    def _looked_up(self, series: WrittenSeries, rules: SeriesRules, budget: MatchBudget) -> KnownSeries:
        try:
            if series.fault:
                raise InvalidLabels(series.fault)
            labels = self._read_labels(series.labels)
        except InvalidLabels as error:
            return KnownSeries("", refusal=ItemRejected("bad_label", "labels", None, str(error)))
        name = describe_series(labels)
        try:
            mapped = rules.map_series(labels, budget)
        except LabelMissing as error:
            remedy = f"the rule needs the label {error}, which the series lacks"
            return KnownSeries(name, refusal=ItemRejected("no_label", "labels", None, remedy))
        return KnownSeries(name, mapped)

    def _admitted(
        self,
        batch: _Batch,
        written: Sequence[WrittenSeries],
        known: Sequence[KnownSeries],
        party_id: str,
        indicators: Mapping[str, Indicator],
    ) -> ValidatedBatch:
        now = batch.now
        latest = (now + FUTURE_LIMIT) // 1000
        for series, each in zip(written, known, strict=True):
            answer = batch.answer
            answer.samples += len(series.samples)
            answer.histograms += len(series.histograms)
            answer.exemplars += series.exemplars
            if each.mapped is None and each.refusal is None:
                answer.ignored += len(series.samples) + len(series.histograms)
                if len(answer.ignored_names) < MOST_NAMES_SHOWN and each.name not in answer.ignored_names:
                    answer.ignored_names.append(each.name)
            else:
                _measure(series, each, batch, indicators, party_id, latest)
        admitted = validate_measurements(batch.items.items(), party_id, indicators.get, now, may_name_owner=False)
        admitted.refusals += batch.refusals
        if batch.slot:
            admitted.values = concatenate_value_batches([batch.rows(), admitted.values])
        for refusal in sorted(admitted.refusals, key=lambda refusal: refusal.index):
            if refusal.index in batch.histograms:
                batch.answer.refused_histograms += 1
            else:
                batch.answer.refused_samples += 1
            if len(batch.answer.reasons) < MOST_NAMES_SHOWN:
                reason = f"{batch.names[refusal.index]}: {refusal.remedy}"
                if reason not in batch.answer.reasons:
                    batch.answer.reasons.append(reason)
        return admitted

    def _count(self, batch: _Batch, admitted: ValidatedBatch, caller: Principal, source: str) -> None:
        tally, now = SourceTally(), batch.now
        accepted = len(batch.items) + len(batch.slot) - len(admitted.refusals) + len(batch.refusals)
        if accepted:
            tally.accept(accepted, now)
        for refusal in admitted.refusals:
            tally.refuse(RefusedSample(now, batch.names[refusal.index], refusal))
        if batch.answer.ignored:
            tally.ignore(batch.answer.ignored, batch.answer.ignored_names, now)
        self.intake.sources.count_source(caller, MEASUREMENTS.name, source, tally)


def _size_of(labels: LabelKey) -> int:
    return len(labels) if isinstance(labels, bytes) else sum(map(len, labels))


def _measure(
    series: WrittenSeries,
    known: KnownSeries,
    batch: _Batch,
    indicators: Mapping[str, Indicator],
    party_id: str,
    latest: int,
) -> None:
    """Add the samples and histograms of a series to the batch.

    Plain values that are finite and not after the instant ``latest`` (in ms) are checked here. All other samples are
    added to be validated later, or are refused.
    """
    indicator = None if known.mapped is None else indicators.get(f"{party_id}/{known.mapped.indicator}")
    refusal, reading = known.refusal, "value"
    if refusal is None and known.mapped is not None and indicator is not None and series.samples:
        try:
            reading = choose_reading(known.mapped, indicator.kind)
            if indicator.kind == "value" and reading == "value" and not known.row and not batch.has_ids:
                known.row = _name_row(known.mapped, known.name, indicator)
        except ItemRejected as error:
            refusal = error
    is_plain = indicator is not None and indicator.kind == "value" and reading == "value" and not batch.has_ids
    plain = known.row if is_plain else ""
    for sample in series.samples:
        if plain and math.isfinite(sample[1]) and -_WHOLE_YEARS_MS < sample[0] <= latest:
            batch.slot.append(batch.subjects.setdefault(plain, len(batch.subjects)))
            batch.at.append(sample[0])
            batch.value.append(sample[1])
            continue
        try:
            if refusal is not None or known.mapped is None:
                raise refusal or ItemRejected("bad_label", "labels", None, "send labels")
            item = measure_sample(known.mapped, known.name, reading, sample)
            if item is not None and batch.has_ids:
                item.id = str(sample[0])
        except ItemRejected as error:
            batch.refuse(known.name, error, is_histogram=False)
            continue
        if item is not None:
            batch.add(known.name, item, is_histogram=False)
    for histogram in series.histograms:
        try:
            if known.refusal is not None or known.mapped is None:
                raise known.refusal or ItemRejected("bad_label", "labels", None, "send labels")
            item = measure_histogram(known.mapped, known.name, histogram)
        except ItemRejected as error:
            batch.refuse(known.name, error, is_histogram=True)
            continue
        if item is not None:
            batch.add(known.name, item, is_histogram=True)


def _name_row(mapped: MappedSeries, source: str, indicator: Indicator) -> str:
    """Return the name under which values of a series are stored as rows. Validation gives the same name. Raises
    ItemRejected.
    """
    labels = read_measurement_labels(SentMeasurement(mapped.indicator, labels=dict(mapped.labels)))
    return name_labelled_series(indicator.subject, {**labels, SOURCE: source})
