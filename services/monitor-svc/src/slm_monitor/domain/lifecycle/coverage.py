"""Coverage: the share of a window that is known, shown beside each figure, and the least share that a verdict needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from slm_monitor.domain.lifecycle.evaluation import WindowEvaluation
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget

INSUFFICIENT_COVERAGE = "insufficient_coverage"
"""The reason why a window has no verdict, and the cause with which its breach is withdrawn."""
PERCENT_FIELD, REASON_FIELD = "coverage_percent", "no_data_reason"
"""The fields of a window's document that hold its coverage and the reason why it has no verdict."""


def add_coverage(finding: WindowEvaluation, coverage: Fraction | None) -> WindowEvaluation:
    """Return the evaluation with its coverage, a share from 0 to 1. The coverage is also written into ``detail``.

    If the coverage is None, the evaluation is returned unchanged.
    """
    if coverage is None:
        return finding
    return replace(finding, coverage=coverage, detail={**finding.detail, **build_coverage_fields(coverage)})


def build_coverage_fields(coverage: Fraction) -> dict[str, Any]:
    """Return a coverage, a share from 0 to 1, as a field of a window's document: in percent, exact."""
    return {PERCENT_FIELD: figures.format_percent_of_counts(coverage.numerator, coverage.denominator)[0]}


def select_coverage_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the coverage fields of a window's document; empty if the figure has no coverage."""
    return {name: document[name] for name in (PERCENT_FIELD, REASON_FIELD) if name in document}


def judge_by_coverage(terms: FigureTarget, finding: WindowEvaluation, *, closes: bool) -> WindowEvaluation:
    """Return the evaluation without a verdict if the window closes and less of it is known than the terms ask for.

    A level stays missed if it is missed even with everything unknown taken as good. No other level stays missed.
    An open window is returned unchanged: what is missing may still arrive.
    """
    least = terms.min_coverage
    if not closes or least is None or finding.coverage is None or finding.coverage >= least:
        return finding
    kept = replace(finding, missed=tuple(each for each in finding.missed if each.withstands_unknown))
    if kept.breached_at is not None:
        return kept
    return replace(kept, detail={**finding.detail, REASON_FIELD: INSUFFICIENT_COVERAGE}, is_insufficient=True)
