"""What a report is built from: the events heard about one agreement, the halves of each life put together by id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_events.monitor import (
    BreachWithdrawn,
    ExclusionDecided,
    ExclusionRevoked,
    RiskCleared,
    TargetAtRisk,
    TargetBreached,
    TargetRecovered,
    WindowClosed,
    WindowRestated,
)
from slm_events.review import ActionOpened, ActionPlanEnded, ActionPlanOpened
from slm_report.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach and what became of it."""

    breached: TargetBreached
    withdrawn: BreachWithdrawn | None = None
    recovered: TargetRecovered | None = None

    @property
    def stands(self) -> bool:
        """Withdrawn only if no later revision stood again."""
        return self.withdrawn is None or self.withdrawn.revision < self.breached.revision

    @property
    def certain_at(self) -> int:
        return instants.from_text(self.breached.certain_at)

    @property
    def counted_at(self) -> int:
        """The instant that decides its period: one that is certain at its window's end belongs into that window."""
        end = calendar_end_of(self.breached)
        return self.certain_at if end is None else min(self.certain_at, end - 1)

    @property
    def recovered_at(self) -> int | None:
        return None if self.recovered is None else instants.from_text(self.recovered.recovered_at)

    def state_at(self, instant: int) -> str:
        """``standing`` | ``recovered`` | ``withdrawn``; a withdrawal counts whenever it came, for it says what was."""
        if not self.stands:
            return "withdrawn"
        return "standing" if self.recovered_at is None or self.recovered_at > instant else "recovered"


@dataclass(frozen=True, slots=True)
class Risk:
    """A warning and how it ended."""

    raised: TargetAtRisk
    cleared: RiskCleared | None = None

    @property
    def raised_at(self) -> int:
        return instants.from_text(self.raised.at)

    def outcome_at(self, instant: int) -> str:
        """``open`` until it ended. What comes after the instant does not count, unless its window is over by then:
        how a risk of a closed window ended is told at the closing, and nothing can follow."""
        if self.cleared is None or not (self.is_over_by(instant) or instants.from_text(self.cleared.at) <= instant):
            return "open"
        return self.cleared.outcome

    def is_over_by(self, instant: int) -> bool:
        """Whether its calendar window has ended; a rolling one never does."""
        end = self.raised.window_end_at
        return end is not None and instants.from_text(end) <= instant


@dataclass(frozen=True, slots=True)
class Plan:
    """An action plan against a risk and how it ended."""

    opened: ActionPlanOpened
    ended: ActionPlanEnded | None = None

    @property
    def opened_at(self) -> int:
        return instants.from_text(self.opened.opened_at)

    def outcome_at(self, instant: int, *, over: bool) -> str:
        """``open`` | ``averted`` | ``breached``; ``over``: its risk's window has ended, so its end counts anyway."""
        if self.ended is None or not (over or instants.from_text(self.ended.ended_at) <= instant):
            return "open"
        return self.ended.outcome


@dataclass(frozen=True, slots=True)
class Action:
    """An improvement action, and when it was done."""

    opened: ActionOpened
    completed_at: int | None = None

    def is_open_at(self, instant: int) -> bool:
        opened_at = instants.from_text(self.opened.opened_at)
        return opened_at <= instant and (self.completed_at is None or self.completed_at > instant)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What the parties agreed not to count, and whether it was taken back."""

    decided: ExclusionDecided | None
    revoked: ExclusionRevoked | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything heard that can matter to a period. ``windows``: the newest revision of each, oldest window first."""

    windows: list[WindowClosed] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    clocks: list[ClockStopped] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    exclusions: dict[str, Exclusion] = field(default_factory=dict)
    """By their ids."""

    def until(self, instant: int) -> Facts:
        """Without the breaches, risks and clocks that came after an instant; windows are taken by their own end."""
        return replace(
            self,
            breaches=[breach for breach in self.breaches if breach.counted_at <= instant],
            risks=[risk for risk in self.risks if risk.raised_at <= instant],
            clocks=[clock for clock in self.clocks if instants.from_text(clock.at) <= instant],
        )

    def closed(self) -> dict[tuple[str, str], WindowClosed]:
        """Closed windows by target and window id."""
        return {(window.target_id, window.window_id): window for window in self.windows}

    def breaches_of(self, target_id: str, window_id: str | None = None) -> list[Breach]:
        return [
            breach
            for breach in self.breaches
            if breach.breached.target_id == target_id and window_id in (None, breach.breached.window_id)
        ]

    def risks_of(self, target_id: str, window_id: str | None = None) -> list[Risk]:
        return [
            risk
            for risk in self.risks
            if risk.raised.target_id == target_id and window_id in (None, risk.raised.window_id)
        ]


def calendar_end_of(breached: TargetBreached) -> int | None:
    """The end of the calendar window that was breached; None for a ticket and for a rolling window (``PT1H``)."""
    if breached.window_end_at is None or breached.ticket is not None or breached.window_id.startswith("P"):
        return None
    return instants.from_text(breached.window_end_at)


def counts_in(breach: Breach, period: Period) -> bool:
    """Whether this period's report counts the breach; exactly one period does."""
    return period.start <= breach.counted_at < period.end


def restatement(window: WindowClosed) -> dict[str, object] | None:
    """Why a window's figure was changed, and what it was before; None where it was not.

    ``before`` always has the same four fields, whatever the event left out, so that every page can show it.
    """
    if not isinstance(window, WindowRestated):
        return None
    before = {name: window.before.get(name) for name in ("verdict", "figure", "figure_display", "revision")}
    return {"cause": window.cause, "before": before}
