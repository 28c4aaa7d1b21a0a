"""The published results of a partition's targets as stored: windows, breaches and risks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from slm_monitor.application.state.loaded_partition import LoadedPartition
from slm_monitor.domain.lifecycle.target_state import Breach, Risk, TargetState, TargetWindow
from slm_monitor.domain.terms.terms_history import FigureHistory

Kept = TypeVar("Kept", TargetWindow, Breach, Risk)


class LoadedTargetResults:
    """The published results of each target."""

    def __init__(self, loaded: LoadedPartition) -> None:
        self._windows = _by_target(loaded.windows)
        self._breaches = _by_target(loaded.breaches)
        self._risks = _by_target(loaded.risks)
        self.overturned = set(loaded.overturned)
        """The ids of the breaches that a dispute overturned."""
        self.record_starts = dict(loaded.record_starts)
        """Indicator → the instant from which on its record is complete, for indicators whose
        older facts were deleted.
        """

    def windows(self, target_id: str) -> dict[str, TargetWindow]:
        """Return window id → window for the windows of a target."""
        return {each.window_id: each for each in self._windows.get(target_id, ())}

    def target_state(self, line: FigureHistory) -> TargetState:
        """Return the target state of a terms history: the results published under any of its versions."""
        versions = {terms.version for terms in line.versions}
        windows = [each for each in self._windows.get(line.target_id, ()) if each.version in versions]
        breaches = [each for each in self._breaches.get(line.target_id, ()) if each.version in versions]
        names = {window.window_id for window in windows}
        return TargetState(
            line,
            {each.window_id: each for each in windows},
            {each.breach_id: each for each in breaches},
            {each.risk_id: each for each in self._risks.get(line.target_id, ()) if each.window_id in names},
            self.overturned,
            self.record_starts.get(line.latest.indicator or ""),
        )


def _by_target(kept: Iterable[Kept]) -> Mapping[str, list[Kept]]:
    found: dict[str, list[Kept]] = {}
    for each in kept:
        found.setdefault(each.target_id, []).append(each)
    return found
