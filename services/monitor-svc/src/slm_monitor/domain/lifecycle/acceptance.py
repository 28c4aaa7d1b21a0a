"""Accepted windows: results that both parties accepted never change; later facts are published as adjustments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, TargetWindow


@dataclass(frozen=True, slots=True)
class WindowRevisionAcceptance:
    """The acceptance of one revision of a window by both parties, with its instant."""

    target_id: str
    window_id: str
    revision: int
    accepted_at: UtcMicroseconds


def freeze_accepted_windows(
    windows: Iterable[tuple[str, Mapping[str, TargetWindow]]],
    accepted: Iterable[WindowRevisionAcceptance],
    changes: EvaluationChanges,
) -> None:
    """Freeze the windows whose present revision both parties accepted: their results no longer change.

    ``windows`` are (target id, window id → window). Frozen windows are added to ``changes``. A window that was restated
    after its acceptance is not frozen, because the parties accepted an earlier revision.
    """
    of_target: dict[str, list[WindowRevisionAcceptance]] = {}
    for each in accepted:
        of_target.setdefault(each.target_id, []).append(each)
    for target_id, held in windows:
        for each in of_target.get(target_id, ()):
            window = held.get(each.window_id)
            if window is None or window.closed_at is None or window.revision != each.revision:
                continue
            if window.frozen_at is None:
                window.frozen_at = each.accepted_at
                changes.windows[window.target_id, window.window_id] = window
