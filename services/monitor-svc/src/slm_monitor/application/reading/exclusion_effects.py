"""The effect of an exclusion on figures: each window that contains its time is evaluated with and without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from slm_calendar import intervals
from slm_calendar.errors import CalendarError
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.explain.explanation import evaluate_window
from slm_monitor.application.history import fact_history
from slm_monitor.application.history.fact_history import FactHistoryStore, FactsNoLongerStored, TargetIdentity
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.exclusions.exclusion_workflow import APPROVED, REQUESTED, ExclusionRecord
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, EffectiveExclusion
from slm_monitor.domain.explanations.window_result import ExplainedWindow
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import FigureTarget, TermsNotEvaluable
from slm_monitor.domain.terms.terms_history import TargetTermsHistory, list_figure_histories

MOST_WINDOWS = 40
"""Most windows for which the effect is calculated, the latest first. Each is evaluated twice from its facts."""

NOT_KEPT, NOT_EVALUABLE, SHOWN_AT_CLOSE, ACCEPTED, TOO_MANY = (
    "not_kept",
    "not_evaluable",
    "shown_at_close",
    "accepted",
    "too_many",
)
_NOTHING = EffectiveExclusion(())


@dataclass(frozen=True, slots=True)
class AffectedWindow:
    """A window that contains time of an exclusion, with the terms that apply to the window."""

    terms: FigureTarget
    window_id: str
    span: Interval


@dataclass(frozen=True)
class ExclusionDifference:
    """The approved exclusions of an agreement before and after a decision, and the time in which the two differ."""

    before: Sequence[ApprovedExclusion]
    after: Sequence[ApprovedExclusion]
    counted: Sequence[Interval]
    """Time that the exclusion in question excludes, or would exclude, from figures."""
    uncounted: Sequence[maintenance_rules.UncountedExclusionTime]
    differing: Sequence[Interval]


class FactHistoryUnderExclusions:
    """The record of facts as if exactly the given exclusions of one agreement were approved.

    For an earlier instant (``known_at``), it returns the exclusions that were really known then.
    """

    def __init__(self, history: FactHistoryStore, agreement_id: str, approved: Sequence[ApprovedExclusion]) -> None:
        self._history = history
        self._agreement_id = agreement_id
        self._approved = approved

    async def exclusions(self, agreement_id: str, known_at: UtcMicroseconds | None) -> Sequence[ApprovedExclusion]:
        """Return the approved exclusions of an agreement."""
        if agreement_id != self._agreement_id or known_at is not None:
            return await self._history.exclusions(agreement_id, known_at)
        return self._approved

    def __getattr__(self, name: str) -> Any:
        return getattr(self._history, name)


async def compare_exclusions(
    record: FactHistoryStore, entry: ExclusionRecord, now: UtcMicroseconds
) -> ExclusionDifference:
    """Return the exclusions before and after approving a requested exclusion or revoking an approved one.

    For an exclusion in any other state, both results are the same.
    """
    present = list(await record.exclusions(entry.agreement_id, None))
    others = [each for each in present if each.exclusion_id != entry.exclusion_id]
    mine = _as_approved(entry, now)
    before, after = present, others
    if entry.state == REQUESTED:
        after = [*others, mine]
    elif entry.state != APPROVED:
        after = present
    versions = (await record.agreement(entry.agreement_id)).versions
    earlier = maintenance_rules.compute_effective_exclusions(before, versions)
    later = maintenance_rules.compute_effective_exclusions(after, versions)
    own = later.get(entry.exclusion_id) or earlier.get(entry.exclusion_id) or _NOTHING
    return ExclusionDifference(before, after, own.intervals, own.uncounted, _differing(earlier, later))


def _as_approved(entry: ExclusionRecord, now: UtcMicroseconds) -> ApprovedExclusion:
    """Return the exclusion as evaluation would see it if it were approved now."""
    return ApprovedExclusion(
        entry.exclusion_id, entry.agreement_id, entry.kind, entry.intervals, entry.scope, entry.announced_at, now
    )


def _differing(
    earlier: Mapping[str, EffectiveExclusion], later: Mapping[str, EffectiveExclusion]
) -> Sequence[Interval]:
    """Return the time that is excluded either before or after the decision, but not both.

    All exclusions of the agreement are compared, because an exclusion that uses up a cap shortens others.
    """
    found: list[Interval] = []
    for name in earlier.keys() | later.keys():
        one, other = (side.get(name, _NOTHING).intervals for side in (earlier, later))
        found += [*intervals.subtract(one, other), *intervals.subtract(other, one)]
    return intervals.union(found)


def find_affected_windows(
    terms_histories: Sequence[TargetTermsHistory],
    entry: ExclusionRecord,
    differing: Sequence[Interval],
    now: UtcMicroseconds,
) -> list[AffectedWindow]:
    """Return the target's windows that contain some of the differing time and have begun by ``now``; the latest first.

    ``terms_histories``: the terms histories of the target. ``entry``: the exclusion that is decided. ``differing``: the
    time (in microseconds UTC) that is excluded either before or after the decision, but not both.
    """
    past = intervals.clip(list(differing), 0, now)
    if not past:
        return []
    found = []
    for line in list_figure_histories(terms_histories):
        if not (line.latest.kind.is_derived or any(entry.scope.covers(each) for each in line.versions)):
            continue
        terms = line.at(now)
        if terms is not None and terms.window_kind == "rolling":
            span = fact_history.compute_rolling_span(line, terms, now)
            found.append(AffectedWindow(terms, terms.window, span))
        if any(each.window_kind != "calendar" for each in line.versions):
            continue
        for judged_by, window in fact_history.list_calendar_windows(line, past[0][0], now, begun_before=True):
            found.append(AffectedWindow(judged_by, window.id, (window.start, window.end)))
    reached = [each for each in found if intervals.clip(past, *each.span)]
    return sorted(reached, key=lambda each: -each.span[0])


@dataclass(frozen=True)
class ExclusionEffectQuestion:
    """A window for which the effect is wanted. ``reason_not_calculated`` is empty if the effect may be calculated."""

    window: AffectedWindow
    target: TargetIdentity
    reason_not_calculated: str = ""


async def evaluate_exclusion_effect(
    record: FactHistoryStore,
    asked: Sequence[ExclusionEffectQuestion],
    difference: ExclusionDifference,
    now: UtcMicroseconds,
) -> dict[str, Any]:
    """Evaluate windows before and after a decision on an exclusion.

    Return ``{"windows": [...], "untold": [...]}``: the windows with both outcomes, and the windows that were not
    evaluated, each with the reason.
    """
    calculated, left_out = [], []
    for number, question in enumerate(sorted(asked, key=lambda each: -each.window.span[0])):
        window = question.window
        reason = question.reason_not_calculated or (TOO_MANY if number >= MOST_WINDOWS else "")
        sides: Sequence[ExplainedWindow] = ()
        if not reason:
            try:
                sides = [await _judged(record, question, side, now) for side in (difference.before, difference.after)]
            except FactsNoLongerStored:
                reason = NOT_KEPT
            except (CalendarError, TermsNotEvaluable):
                reason = NOT_EVALUABLE
        head = _head(question.target.target_id, window)
        if reason:
            left_out.append({**head, "cause": reason})
        else:
            before, after = (_figure_document(each) for each in sides)
            # A derived target is always evaluated: only its two results show whether the exclusion affects it.
            if before != after or not window.terms.kind.is_derived:
                calculated.append({**head, "before": before, "after": after, "changes": before != after})
    return {"windows": calculated, "untold": left_out}


async def _judged(
    record: FactHistoryStore,
    question: ExclusionEffectQuestion,
    approved: Sequence[ApprovedExclusion],
    now: UtcMicroseconds,
) -> ExplainedWindow:
    terms, window = question.window.terms, question.window
    # Forwards every question but one; a protocol cannot be forwarded as a whole in a way that mypy understands.
    seen = cast(FactHistoryStore, FactHistoryUnderExclusions(record, terms.agreement_id, approved))
    return (await evaluate_window(seen, terms, window.window_id, window.span, now, None)).seen


def _head(target_id: str, window: AffectedWindow) -> dict[str, Any]:
    return {
        "target_id": target_id,
        "target_title": window.terms.title,
        "window_id": window.window_id,
        "from": to_text(window.span[0]),
        "to": to_text(window.span[1]),
    }


def _figure_document(seen: ExplainedWindow) -> dict[str, Any]:
    return {
        "figure": figures.format_exact_fraction(seen.target.shown(seen.figure)),
        "figure_display": seen.target.display(seen.figure),
        # Warnings are not worked out here, and not everybody is shown them.
        "verdict": "met" if seen.verdict == "at_risk" else seen.verdict,
        "budget": seen.budget_document(),
    }
