"""The one table of all aggregations. A new aggregation is a class, a line here, and a line in the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_events import aggregations as vocabulary
from slm_monitor.domain.aggregations.counts import OccurrenceCount
from slm_monitor.domain.aggregations.event_shares import EventShare, ShareWithinLimit
from slm_monitor.domain.aggregations.promoter_scores import NetPromoterScore
from slm_monitor.domain.aggregations.series_aggregation import SeriesAggregation
from slm_monitor.domain.aggregations.time_slices import TimeSlices
from slm_monitor.domain.aggregations.values import Maximum, Mean, Minimum
from slm_monitor.domain.series.classifiers import AT_LEAST, AT_MOST, RowClassifier
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TargetTermsHistory

SERIES_AGGREGATIONS: Mapping[str, SeriesAggregation[Any]] = {
    each.kind.name: each
    for each in (
        EventShare("ratio"),
        ShareWithinLimit("share_at_most", AT_MOST),
        ShareWithinLimit("share_at_least", AT_LEAST),
        ShareWithinLimit("quantile", AT_MOST),
        Mean("mean"),
        Maximum("max"),
        Minimum("min"),
        OccurrenceCount("count"),
        TimeSlices("time_slices"),
        NetPromoterScore("nps"),
    )
}
"""Name → aggregation of measured rows."""


def series_aggregation_of(terms: ServiceLevelTarget) -> SeriesAggregation[Any]:
    """Return the aggregation of a target of measured rows."""
    return SERIES_AGGREGATIONS[terms.kind.name]


def list_classifiers(line: TargetTermsHistory) -> set[RowClassifier]:
    """Return the classifiers by which the versions of a target's terms tell good rows from bad ones."""
    return {series_aggregation_of(terms).classifier(terms) for terms in line.versions}


def find_value_comparison(document: Any, objective: Mapping[str, Any]) -> tuple[str, float] | None:
    """Return (kind, limit) of the comparison that a target applies to each value; None if it applies none.

    The arguments are the target's aggregation and objective as they are written in the agreement's document.
    """
    name = vocabulary.read_name(document)
    found = SERIES_AGGREGATIONS.get(name)
    parameters = document[name] if isinstance(document, Mapping) else None
    return None if found is None else found.value_comparison(parameters, objective)
