"""The facts that a report is built from: events about one agreement; events about the same thing are joined."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_events.exclusions import ExclusionDecided, ExclusionRevoked
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import (
    BreachWithdrawn,
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
    """A published breach with its withdrawal and its recovery, if there are any."""

    breached: TargetBreached
    withdrawn: BreachWithdrawn | None = None
    recovered: TargetRecovered | None = None

    @property
    def is_standing(self) -> bool:
        """Whether the breach is valid. A withdrawn breach is not, unless a later revision of it was published."""
        return self.withdrawn is None or self.withdrawn.revision < self.breached.revision

    @property
    def certain_at(self) -> UtcMicroseconds:
        """When the breach was certain, microseconds UTC."""
        return instants.from_text(self.breached.certain_at)

    @property
    def counted_at(self) -> UtcMicroseconds:
        """The instant (microseconds UTC) that decides to which period the breach belongs.

        A breach that becomes certain at its window's end is moved just before that end, so that it belongs to the
        window's period.
        """
        end = calendar_end_of(self.breached)
        return self.certain_at if end is None else min(self.certain_at, end - 1)

    @property
    def recovered_at(self) -> UtcMicroseconds | None:
        """When the breach recovered, microseconds UTC; None if it has not."""
        return None if self.recovered is None else instants.from_text(self.recovered.recovered_at)

    def state_at(self, instant: UtcMicroseconds) -> str:
        """Return whether the breach is ``standing``, ``recovered`` or ``withdrawn`` at an instant.

        A withdrawal applies to every instant, even before it was published, because it corrects the past.
        """
        if not self.is_standing:
            return "withdrawn"
        return "standing" if self.recovered_at is None or self.recovered_at > instant else "recovered"


@dataclass(frozen=True, slots=True)
class Risk:
    """A warning that a target is at risk, and its end if it has ended."""

    raised: TargetAtRisk
    cleared: RiskCleared | None = None

    @property
    def raised_at(self) -> UtcMicroseconds:
        """When the warning was raised, microseconds UTC."""
        return instants.from_text(self.raised.at)

    def outcome_at(self, instant: UtcMicroseconds) -> str:
        """Return the outcome of the warning as of an instant: ``open`` if the warning had not ended by then.

        If the warning's calendar window was over by the instant, a later end of the warning counts, too. The reason: a
        window closes some time after its last instant, and only then does its warning end.
        """
        if self.cleared is None or not (self.is_over_by(instant) or instants.from_text(self.cleared.at) <= instant):
            return "open"
        return self.cleared.outcome

    def is_over_by(self, instant: UtcMicroseconds) -> bool:
        """Whether the calendar window of the warning has ended by the instant. A rolling window never ends."""
        end = self.raised.window_end_at
        return end is not None and instants.from_text(end) <= instant


@dataclass(frozen=True, slots=True)
class Plan:
    """An action plan for a risk, and its end if it has ended."""

    opened: ActionPlanOpened
    ended: ActionPlanEnded | None = None

    @property
    def opened_at(self) -> UtcMicroseconds:
        """When the plan was opened, microseconds UTC."""
        return instants.from_text(self.opened.opened_at)

    def outcome_at(self, instant: UtcMicroseconds, *, over: bool) -> str:
        """Return the outcome of the plan as of an instant: ``open`` until the plan has ended.

        ``over``: whether the window of the risk was over by the instant. If so, the plan's end counts even if it is
        later than the instant.
        """
        if self.ended is None or not (over or instants.from_text(self.ended.ended_at) <= instant):
            return "open"
        return self.ended.outcome


@dataclass(frozen=True, slots=True)
class Action:
    """An improvement action, and when it was completed (microseconds UTC; None: not yet)."""

    opened: ActionOpened
    completed_at: UtcMicroseconds | None = None

    def is_open_at(self, instant: UtcMicroseconds) -> bool:
        """Whether the action was open at an instant."""
        opened_at = instants.from_text(self.opened.opened_at)
        return opened_at <= instant and (self.completed_at is None or self.completed_at > instant)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The decision about an exclusion and its revocation; each is None if it was not received."""

    decided: ExclusionDecided | None
    revoked: ExclusionRevoked | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All received facts that can matter to a period's report.

    ``windows`` holds the newest revision of each window, oldest window first.
    """

    windows: list[WindowClosed] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    clocks: list[ClockStopped] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    exclusions: dict[str, Exclusion] = field(default_factory=dict)
    """Exclusion id → exclusion."""

    def until(self, instant: UtcMicroseconds) -> Facts:
        """Return the facts, but leave out breaches, risks and stops of clocks that came after an instant."""
        return replace(
            self,
            breaches=[breach for breach in self.breaches if breach.counted_at <= instant],
            risks=[risk for risk in self.risks if risk.raised_at <= instant],
            clocks=[clock for clock in self.clocks if instants.from_text(clock.at) <= instant],
        )

    def closed(self) -> dict[tuple[str, str], WindowClosed]:
        """Return (target id, window id) → the closed window."""
        return {(window.target_id, window.window_id): window for window in self.windows}

    def breaches_of(self, target_id: str, window_id: str | None = None) -> list[Breach]:
        """Return the breaches of a target. If ``window_id`` is given, leave out breaches of other windows."""
        return [
            breach
            for breach in self.breaches
            if breach.breached.target_id == target_id and window_id in (None, breach.breached.window_id)
        ]

    def risks_of(self, target_id: str, window_id: str | None = None) -> list[Risk]:
        """Return the risks of a target. If ``window_id`` is given, leave out risks of other windows."""
        return [
            risk
            for risk in self.risks
            if risk.raised.target_id == target_id and window_id in (None, risk.raised.window_id)
        ]


def calendar_end_of(breached: TargetBreached) -> UtcMicroseconds | None:
    """Return the end (microseconds UTC) of a breached calendar window; None for a ticket and for a rolling window
    (``PT1H``).
    """
    if breached.window_end_at is None or breached.ticket is not None or breached.window_id.startswith("P"):
        return None
    return instants.from_text(breached.window_end_at)


def belongs_to_period(breach: Breach, period: Period) -> bool:
    """Whether the breach belongs to this period. Each breach belongs to exactly one period."""
    return period.start <= breach.counted_at < period.end


def restatement_entry(window: WindowClosed) -> dict[str, object] | None:
    """Return why a window was restated, and its earlier result; None if the window was not restated.

    The earlier result, ``before``, always has the same four fields, so that every page can show it. A field that the
    event lacks is None.
    """
    if not isinstance(window, WindowRestated):
        return None
    before = {name: window.before.get(name) for name in ("verdict", "figure", "figure_display", "revision")}
    return {"cause": window.cause, "before": before}
