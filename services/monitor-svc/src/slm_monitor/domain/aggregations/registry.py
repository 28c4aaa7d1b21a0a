"""The one table of all aggregations. A new aggregation is a class, a line here, and a line in the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_events import aggregations as vocabulary
from slm_events.aggregations import MEMBERS
from slm_monitor.domain.aggregations import budgets
from slm_monitor.domain.aggregations.budgets import KeptBudget
from slm_monitor.domain.aggregations.counts import OccurrenceCount
from slm_monitor.domain.aggregations.event_shares import EventShare, Quantile, ShareWithinLimit
from slm_monitor.domain.aggregations.occurrences import OccurrenceAggregation
from slm_monitor.domain.aggregations.outages import OutageCount
from slm_monitor.domain.aggregations.promoter_scores import NetPromoterScore
from slm_monitor.domain.aggregations.recoveries import LongestRecovery, MostDataLost, RecoveriesWithinLimits
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation
from slm_monitor.domain.aggregations.time_slices import TimeSlices
from slm_monitor.domain.aggregations.values import Maximum, Mean, Minimum
from slm_monitor.domain.series.classifiers import RowClassifier
from slm_monitor.domain.terms import composite_terms
from slm_monitor.domain.terms.terms import FigureTarget, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import FigureHistory

SERIES_AGGREGATIONS: Mapping[str, SeriesAggregation[Any]] = {
    each.kind.name: each
    for each in (
        EventShare("ratio"),
        ShareWithinLimit("share_at_most"),
        ShareWithinLimit("share_at_least"),
        Quantile("quantile"),
        Mean("mean"),
        Maximum("max"),
        Minimum("min"),
        OccurrenceCount("count"),
        TimeSlices("time_slices"),
        NetPromoterScore("nps"),
    )
}
"""Name → aggregation of measured rows."""

RECOVERY_AGGREGATIONS: Mapping[str, LongestRecovery] = {
    each.kind.name: each
    for each in (
        LongestRecovery("recovery_time"),
        MostDataLost("recovery_point"),
        RecoveriesWithinLimits("recovered_within"),
    )
}
"""Name → aggregation of recoveries."""
OCCURRENCE_AGGREGATIONS: Mapping[str, OccurrenceAggregation] = {
    "outages": OutageCount("outages"),
    **RECOVERY_AGGREGATIONS,
}
"""Name → aggregation of outages or recoveries."""


def check_parameters(targets: Sequence[ServiceLevelTarget]) -> None:
    """Raise TermsNotEvaluable for a target whose aggregation has parameters that are not valid."""
    for terms in targets:
        if isinstance(terms, FigureTarget):
            found = find_occurrence_aggregation(terms)
            if found is not None:
                found.check(terms)


def find_occurrence_aggregation(terms: FigureTarget) -> OccurrenceAggregation | None:
    """Return the aggregation if the target counts outages or recoveries; None for any other target."""
    return OCCURRENCE_AGGREGATIONS.get(terms.kind.name)


def series_aggregation_of(terms: FigureTarget) -> SeriesAggregation[Any]:
    """Return the aggregation of a target that is evaluated from measured rows."""
    return SERIES_AGGREGATIONS[terms.kind.name]


def list_classifiers(line: FigureHistory) -> set[RowClassifier]:
    """Return the classifiers by which the versions of a target's terms tell good rows from bad rows."""
    return {series_aggregation_of(terms).classifier(terms) for terms in line.versions}


def find_value_comparison(document: Any, objective: Mapping[str, Any]) -> tuple[str, float] | None:
    """Return (kind, limit) of the comparison that a target applies to each value; None if it applies none.

    The arguments are the target's aggregation and objective as they are written in the agreement's document.
    """
    name = vocabulary.read_name(document)
    found = SERIES_AGGREGATIONS.get(name)
    parameters = document[name] if isinstance(document, Mapping) else None
    return None if found is None else found.value_comparison(parameters, objective)


def find_kept_budget(terms: FigureTarget, good: int, total: int, detail: Mapping[str, Any]) -> KeptBudget | None:
    """Return the budget according to a window's stored figures; None if the target has no budget."""
    found = SERIES_AGGREGATIONS.get(terms.kind.name)
    if found is not None:
        return found.kept_budget(terms, good, total, detail)
    if budgets.is_of_time(terms):
        return budgets.find_budget_of_time(terms, good, total, detail)
    return budgets.find_budget_of_events(terms, good, total)


def is_before_its_minute(terms: FigureTarget) -> bool:
    """Return whether the rolling window that belongs to a minute ends at the start of that minute. Otherwise the window
    ends at the end of that minute.
    """
    found = SERIES_AGGREGATIONS.get(terms.kind.name)
    is_of_states = terms.kind.source == MEMBERS and terms.parameters["of"] == composite_terms.STATES
    return terms.kind.is_of_single_facts or is_of_states or (found is not None and found.is_before_its_minute)
