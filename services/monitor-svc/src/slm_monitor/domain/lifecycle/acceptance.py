"""Accepted windows: results that both parties accepted never change; later facts are published as adjustments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slm_monitor.domain.lifecycle.target_state import Changes, Window


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The acceptance of one revision of a window by both parties."""

    target_id: str
    window_id: str
    revision: int
    accepted_at: int


def accept_windows(
    windows: Iterable[tuple[str, Mapping[str, Window]]], accepted: Iterable[Acceptance], changes: Changes
) -> None:
    """Freeze the windows that were accepted. ``windows`` are (target id, windows by id).

    A window that was restated after its acceptance is not frozen: the parties accepted another revision.
    """
    of_target: dict[str, list[Acceptance]] = {}
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
