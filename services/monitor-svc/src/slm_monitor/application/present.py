"""A target's state as of now: time alone moves an availability, so it is measured when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_events.instants import to_text
from slm_monitor.application.excluded import Excluded
from slm_monitor.application.ports import AgreementTerms
from slm_monitor.domain import figures, state_findings
from slm_monitor.domain.admission import Indicator
from slm_monitor.domain.facts import Fact
from slm_monitor.domain.lines import TermsLine, lines_of
from slm_monitor.domain.planned_time import Exclusion
from slm_monitor.domain.timeline import timeline_of


class Facts(Protocol):
    """What is needed of the judge's store."""

    async def facts(self, subjects: Sequence[str]) -> Mapping[str, dict[str, Fact]]: ...

    async def indicator(self, subject: str) -> Indicator | None: ...

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def exclusions(self, agreement_id: str) -> Sequence[Exclusion]: ...


@dataclass(frozen=True, slots=True)
class Look:
    """An availability window measured at an instant, beside its row's own status."""

    figure: str | None
    figure_display: str
    detail: dict[str, Any]
    as_of: str


async def at(facts: Facts, target: Mapping[str, Any], window: Mapping[str, Any], instant: int) -> Look | None:
    """Measure an availability target's open window; None for windows that need no look."""
    if target["terms"]["aggregation"] != "availability" or window["closed_at"] is not None:
        return None
    line = await _line(facts, target["agreement_id"], target["target_id"])
    terms = None if line is None else line.at(window["start"])
    if terms is None or terms.indicator is None:
        return None
    kept = (await facts.facts([terms.indicator])).get(terms.indicator, {})
    indicator = await facts.indicator(terms.indicator)
    timeline = timeline_of(
        kept.values(), indicator.initial_state if indicator else "unknown", indicator.stale_after if indicator else None
    )
    as_of = min(instant, window["end"])
    excluded = Excluded([await facts.agreement(terms.agreement_id)], await facts.exclusions(terms.agreement_id))
    finding = state_findings.of_availability(
        timeline, terms, window["start"], window["end"], as_of, (), excluded.intervals_of(terms)
    )
    figure = finding.figure
    return Look(figures.exact(terms.shown(figure)), terms.display(figure), finding.detail, to_text(as_of))


async def _line(facts: Facts, agreement_id: str, target_id: str) -> TermsLine | None:
    agreement = await facts.agreement(agreement_id)
    lines = lines_of(agreement.versions, agreement.ended_at)
    return next((line for line in lines if line.target_id == target_id), None)
