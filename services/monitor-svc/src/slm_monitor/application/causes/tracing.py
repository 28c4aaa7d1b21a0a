"""Conversion of published breaches and risks to findings: the interval in which something was bad, by the facts known
now, and the keys (indicators, items, tickets) that connect findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_monitor.application.history.fact_history import FactHistoryStore, ParsedTermsCache, read_target_identity
from slm_monitor.application.history.state_timelines import StateTimelines, is_composite_of_states
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.causes import bad_intervals, cause_keys
from slm_monitor.domain.causes.bad_intervals import PublishedFinding
from slm_monitor.domain.causes.findings import INDICATOR, TARGET, CauseFinding, build_cause_key
from slm_monitor.domain.terms.composite_terms import parse_composite_terms
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TargetTermsHistory

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A breach or a risk as stored. ``row`` has the columns of the breach or risk, and the columns of its target."""

    published: PublishedFinding
    row: Mapping[str, Any]
    is_in_force: bool


class FindingTracer:
    """Computes the findings of breaches and risks. It reads an indicator's facts once for all findings about that
    indicator.
    """

    def __init__(self, record: FactHistoryStore, parsed: ParsedTermsCache) -> None:
        self._record = record
        self._parsed = parsed
        self._timelines = StateTimelines(record)
        self._agreements: dict[str, AgreementTerms] = {}
        self._of_version: dict[tuple[str, int], list[ServiceLevelTarget]] = {}

    async def trace(self, stored: StoredFinding, known: CauseFinding | None) -> CauseFinding | None:
        """Return the finding of a breach or a risk; None for a withdrawn breach.

        ``known``: the finding as computed before. If facts of its interval were deleted, the new finding keeps this
        interval. If the finding cannot be computed for another reason, its interval is taken from what was published,
        so that other findings can still be grouped.
        """
        if not stored.is_in_force:
            return None
        try:
            return await self._traced(stored, known)
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            _logger.error("finding traced without its terms", finding=stored.published.finding_id, exc_info=error)
            return _untraced(stored)

    async def _traced(self, stored: StoredFinding, known: CauseFinding | None) -> CauseFinding:
        line, terms, others = await self._terms(stored)
        if terms is None or line is None:
            return _untraced(stored)
        keys = cause_keys.list_cause_keys_of_target(terms, stored.row["window_id"], others)
        subjects = sorted(_state_subjects(terms, others))
        begins = [begins_at for each in subjects if (begins_at := await self._record.begins_at(each)) is not None]
        if known is not None and known.since < max(begins, default=known.since):
            return _finding(stored, keys, known.span)
        states = await self._timelines.of_target(terms, others)
        return _finding(
            stored, keys, bad_intervals.find_bad_interval_of_finding(stored.published, terms, states, line.begins_at)
        )

    async def _terms(
        self, stored: StoredFinding
    ) -> tuple[TargetTermsHistory | None, ServiceLevelTarget | None, list[ServiceLevelTarget]]:
        """Return the terms history of the finding's target, the target's terms, and the terms of all targets of the
        agreement.

        The terms are those of the version by which the breach or risk was published. Return (None, None, []) if no
        terms of the target are known.
        """
        agreement_id = str(stored.row["agreement_id"])
        if agreement_id not in self._agreements:
            self._agreements[agreement_id] = await self._record.agreement(agreement_id)
        agreement = self._agreements[agreement_id]
        lines = self._parsed.lines(agreement, read_target_identity(stored.row)) if agreement.versions else []
        if not lines:
            return None, None, []
        version = stored.published.version or lines[-1].latest.version
        line = next((each for each in lines if any(terms.version == version for terms in each.versions)), lines[-1])
        if (agreement_id, version) not in self._of_version:
            self._of_version[agreement_id, version] = [
                terms
                for histories in self._parsed.histories_by_target(agreement).values()
                for each in histories
                for terms in each.versions
                if terms.version == version
            ]
        return line, line.of_version(version), self._of_version[agreement_id, version]


def _state_subjects(terms: ServiceLevelTarget, others: Sequence[ServiceLevelTarget]) -> set[str]:
    """Return the indicators of a target whose states show when something was bad."""
    if is_composite_of_states(terms):
        return set(parse_composite_terms(terms, others).subjects)
    return {terms.indicator} if terms.kind.is_of_single_facts and terms.indicator else set()


def _untraced(stored: StoredFinding) -> CauseFinding:
    """Return the finding for a breach or risk of a target whose terms cannot be parsed.

    Its key is the target's indicator or, without an indicator, the target; its interval is computed from what was
    published.
    """
    indicator, target_id = stored.row.get("indicator"), stored.row["target_id"]
    key = build_cause_key(INDICATOR, indicator) if indicator else build_cause_key(TARGET, target_id)
    return _finding(
        stored, frozenset({key}), bad_intervals.find_bad_interval_of_finding(stored.published, None, None, 0)
    )


def _finding(stored: StoredFinding, keys: frozenset[str], interval: tuple[int, int]) -> CauseFinding:
    row = stored.row
    return CauseFinding(
        stored.published.finding_id,
        stored.published.kind,
        row["provider_party_id"],
        row["customer_party_id"],
        row["agreement_id"],
        row["target_id"],
        row["service_id"],
        keys,
        *interval,
        is_hidden=stored.published.document.get("hidden_from_party_id") is not None and not row.get("disclosed_at"),
    )
