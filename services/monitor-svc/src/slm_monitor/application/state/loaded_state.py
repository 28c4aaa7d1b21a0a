"""What was found of a partition's targets before: windows, breaches and risks as the store has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from slm_monitor.application.state.ports import LoadedPartition
from slm_monitor.domain.lifecycle.reconciliation import TargetState
from slm_monitor.domain.lifecycle.target_state import Breach, Risk, Window
from slm_monitor.domain.terms.terms_history import TermsHistory

Kept = TypeVar("Kept", Window, Breach, Risk)


class LoadedState:
    """Findings by target."""

    def __init__(self, loaded: LoadedPartition) -> None:
        self._windows = _by_target(loaded.windows)
        self._breaches = _by_target(loaded.breaches)
        self._risks = _by_target(loaded.risks)
        self.overturned = set(loaded.overturned)
        """The breaches that a dispute decided were none."""
        self.record_starts = dict(loaded.record_starts)
        """Indicators of which the record does not hold everything → from when on it does."""

    def windows(self, target_id: str) -> dict[str, Window]:
        """Of a target, by id."""
        return {each.window_id: each for each in self._windows.get(target_id, ())}

    def standing(self, line: TermsHistory) -> TargetState:
        """What was established of a line: all that was found by its versions."""
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
