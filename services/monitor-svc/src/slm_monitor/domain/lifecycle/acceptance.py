"""Windows that both parties accepted: from then on they stay as they are, and later facts are told beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slm_monitor.domain.lifecycle.target_state import Changes, Window


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A window as both parties accepted it."""

    target_id: str
    window_id: str
    revision: int
    accepted_at: int


def accept_windows(
    windows: Iterable[tuple[str, Mapping[str, Window]]], accepted: Iterable[Acceptance], changes: Changes
) -> None:
    """``windows``: those of targets, by id. What has been restated since it was accepted is not what they accepted, and
    goes on as before."""
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
