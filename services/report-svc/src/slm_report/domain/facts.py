"""The facts that a report is built from: received events about one agreement, joined by id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_events.exclusions import ExclusionDecided, ExclusionRevoked
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
    """A breach with its withdrawal and recovery."""

    breached: TargetBreached
    withdrawn: BreachWithdrawn | None = None
    recovered: TargetRecovered | None = None

    @property
    def is_standing(self) -> bool:
        """Whether the breach is valid: not withdrawn, or published again in a later revision."""
        return self.withdrawn is None or self.withdrawn.revision < self.breached.revision

    @property
    def certain_at(self) -> int:
        """When the breach was certain, microseconds UTC."""
        return instants.from_text(self.breached.certain_at)

    @property
    def counted_at(self) -> int:
        """The instant that decides its period. A breach that is certain at its window's end belongs to that window."""
        end = calendar_end_of(self.breached)
        return self.certain_at if end is None else min(self.certain_at, end - 1)

    @property
    def recovered_at(self) -> int | None:
        """When the breach recovered, microseconds UTC; None if it has not."""
        return None if self.recovered is None else instants.from_text(self.recovered.recovered_at)

    def state_at(self, instant: int) -> str:
        """Return ``standing``, ``recovered`` or ``withdrawn`` at an instant.

        A withdrawal counts whenever it came, because it corrects the past.
        """
        if not self.is_standing:
            return "withdrawn"
        return "standing" if self.recovered_at is None or self.recovered_at > instant else "recovered"


@dataclass(frozen=True, slots=True)
class Risk:
    """A warning and its end."""

    raised: TargetAtRisk
    cleared: RiskCleared | None = None

    @property
    def raised_at(self) -> int:
        """When the warning was raised, microseconds UTC."""
        return instants.from_text(self.raised.at)

    def outcome_at(self, instant: int) -> str:
        """Return the outcome at an instant, ``open`` until the warning has ended.

        Later ends are ignored, unless the calendar window is over at the instant. Then the end is published with the
        window's closing, and nothing can follow.
        """
        if self.cleared is None or not (self.is_over_by(instant) or instants.from_text(self.cleared.at) <= instant):
            return "open"
        return self.cleared.outcome

    def is_over_by(self, instant: int) -> bool:
        """Whether its calendar window has ended by the instant. A rolling window never ends."""
        end = self.raised.window_end_at
        return end is not None and instants.from_text(end) <= instant


@dataclass(frozen=True, slots=True)
class Plan:
    """An action plan for a risk, and its end."""

    opened: ActionPlanOpened
    ended: ActionPlanEnded | None = None

    @property
    def opened_at(self) -> int:
        """When the plan was opened, microseconds UTC."""
        return instants.from_text(self.opened.opened_at)

    def outcome_at(self, instant: int, *, over: bool) -> str:
        """Return ``open`` or the plan's outcome at an instant. ``over``: the risk's window has ended, so a later end
        counts too.
        """
        if self.ended is None or not (over or instants.from_text(self.ended.ended_at) <= instant):
            return "open"
        return self.ended.outcome


@dataclass(frozen=True, slots=True)
class Action:
    """An improvement action, and when it was completed."""

    opened: ActionOpened
    completed_at: int | None = None

    def is_open_at(self, instant: int) -> bool:
        """Whether the action was open at an instant."""
        opened_at = instants.from_text(self.opened.opened_at)
        return opened_at <= instant and (self.completed_at is None or self.completed_at > instant)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The decision about an exclusion, and its revocation."""

    decided: ExclusionDecided | None
    revoked: ExclusionRevoked | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All received facts that can matter to a period. ``windows`` holds the newest revision of each, oldest window
    first.
    """

    windows: list[WindowClosed] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    clocks: list[ClockStopped] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    exclusions: dict[str, Exclusion] = field(default_factory=dict)
    """Exclusions by id."""

    def until(self, instant: int) -> Facts:
        """Return the facts without the breaches, risks and clocks after an instant. Windows are kept; their own end
        decides.
        """
        return replace(
            self,
            breaches=[breach for breach in self.breaches if breach.counted_at <= instant],
            risks=[risk for risk in self.risks if risk.raised_at <= instant],
            clocks=[clock for clock in self.clocks if instants.from_text(clock.at) <= instant],
        )

    def closed(self) -> dict[tuple[str, str], WindowClosed]:
        """Return the closed windows by target and window id."""
        return {(window.target_id, window.window_id): window for window in self.windows}

    def breaches_of(self, target_id: str, window_id: str | None = None) -> list[Breach]:
        """Return the breaches of a target, or of one of its windows."""
        return [
            breach
            for breach in self.breaches
            if breach.breached.target_id == target_id and window_id in (None, breach.breached.window_id)
        ]

    def risks_of(self, target_id: str, window_id: str | None = None) -> list[Risk]:
        """Return the risks of a target, or of one of its windows."""
        return [
            risk
            for risk in self.risks
            if risk.raised.target_id == target_id and window_id in (None, risk.raised.window_id)
        ]


def calendar_end_of(breached: TargetBreached) -> int | None:
    """Return the end of a breached calendar window; None for a ticket and for a rolling window (``PT1H``)."""
    if breached.window_end_at is None or breached.ticket is not None or breached.window_id.startswith("P"):
        return None
    return instants.from_text(breached.window_end_at)


def counts_in(breach: Breach, period: Period) -> bool:
    """Whether the breach belongs to this period. It belongs to exactly one."""
    return period.start <= breach.counted_at < period.end


def restatement(window: WindowClosed) -> dict[str, object] | None:
    """Return why a window was restated and its previous result; None if it was not restated.

    ``before`` always has the same four fields, even if the event lacks some, so that every page can show it.
    """
    if not isinstance(window, WindowRestated):
        return None
    before = {name: window.before.get(name) for name in ("verdict", "figure", "figure_display", "revision")}
    return {"cause": window.cause, "before": before}
