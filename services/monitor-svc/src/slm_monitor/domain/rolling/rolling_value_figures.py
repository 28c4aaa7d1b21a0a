"""The rolling windows of figures that need exact values: mean, maximum and minimum."""

from __future__ import annotations

from typing import Any

from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.rolling.rolling_rows import RollingRows
from slm_monitor.domain.rolling.rolling_values import RollingValueWindows
from slm_monitor.domain.rolling.rolling_windows import RollingWindowValue


class RollingExactValues:
    """Rolling windows of a mean, a maximum or a minimum; the class given to ``__init__`` says which of them. There are
    no warnings about these windows.
    """

    def __init__(self, windows: type[RollingValueWindows]) -> None:
        self._windows = windows

    def windows(self, rows: RollingRows, first: int, last: int) -> RollingValueWindows:
        assert rows.values is not None
        return self._windows(rows.by, rows.values, rows.begins_at, first, last)

    def risks(self, rows: RollingRows, minute: int, value: RollingWindowValue) -> list[RiskEvaluation]:
        return []

    def next_change_at(
        self, rows: RollingRows, minute: int, windows: Any, value: RollingWindowValue, stands: bool
    ) -> int | None:
        found: int | None = windows.next_change_at(minute)
        return found
