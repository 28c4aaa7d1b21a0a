"""The rows of rolling windows, and what an aggregation does with them: windows, warnings and the next change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_values import MinuteValuesProvider
from slm_monitor.domain.rolling.rolling_windows import RollingWindows, RollingWindowValue
from slm_monitor.domain.series.classifiers import RowClassifier
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.windows.minute_series import BurnRateLookback, TargetMinuteCounts


@dataclass(frozen=True, slots=True)
class RollingRows:
    """The rows of a target under the terms of one version. Rows before ``begins_at`` (microseconds) do not count.

    ``values`` has the exact values; None: the rows are numbers of events only.
    """

    by: TargetMinuteCounts
    begins_at: UtcMicroseconds
    values: MinuteValuesProvider | None = None

    @property
    def terms(self) -> FigureTarget:
        return self.by.terms

    @property
    def length(self) -> int:
        """The length of a window in minutes."""
        return self.terms.rolling_microseconds // MINUTE

    def lookback(self, minute: int) -> BurnRateLookback:
        """Return the burn rates of the windows that end with a minute."""
        return BurnRateLookback(self.by, self.begins_at, minute)


class RollingFigure(Protocol):
    """The rolling windows of one aggregation of rows. It has no state. Minutes are numbered since 1970."""

    def windows(self, rows: RollingRows, first: int, last: int) -> RollingWindows:
        """Return the windows that end with minutes ``first`` to ``last``. The caller handles unclassified values."""
        ...

    def risks(self, rows: RollingRows, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        """Return the warnings that hold at a minute."""
        ...

    def next_change_at(
        self, rows: RollingRows, minute: int, windows: RollingWindows, value: RollingWindowValue, stands: bool
    ) -> int | None:
        """Return the next minute at which the result may change without new facts; None if there is none.

        ``stands``: a breach or a warning is open, so that its end counts as a change too.
        """
        ...


class RollingRowsAggregation(Protocol):
    """The operations of an aggregation that the rolling windows of rows need."""

    @property
    def rolling(self) -> RollingFigure: ...

    def classifier(self, terms: FigureTarget) -> RowClassifier:
        """Return the rule by which a target separates good rows from bad rows."""
        ...

    def explain_unclassified(self, terms: FigureTarget) -> str:
        """Return why a window with unclassified values has no figure, and what to send instead."""
        ...
