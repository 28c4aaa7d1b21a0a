"""Windows whose figures changed since the last checkpoint, while nothing changed that is written with a step."""

from __future__ import annotations

from collections.abc import Iterable

from slm_monitor.domain.lifecycle.target_state import Changes, TargetState, Window

Key = tuple[str, str]


class UnsavedWindows:
    """The windows that the next checkpoint writes, and what the store has of all windows."""

    def __init__(self, loaded: Iterable[Window]) -> None:
        self._unsaved: dict[Key, Window] = {}
        self._written = {(window.target_id, window.window_id): _published_fields(window) for window in loaded}

    def __bool__(self) -> bool:
        return bool(self._unsaved)

    def defer(self, target_state: TargetState, changes: Changes, *, is_lost: bool) -> None:
        """Leave changes of figures alone to the next checkpoint; a change of verdict is written with this step.

        ``is_lost``: a restart would not evaluate a closed window of this target again, so that its changes must be
        written now.
        """
        for key in changes.dropped_windows:
            self._unsaved.pop(key, None)
        for window in target_state.windows.values():
            key = (window.target_id, window.window_id)
            if key not in changes.windows:
                continue
            published = _published_fields(window)
            if self._written.get(key) == published and not (is_lost and window.closed_at is not None):
                del changes.windows[key]
                self._unsaved[key] = window
            else:
                self._written[key] = published

    def add(self, window: Window) -> None:
        self._unsaved[window.target_id, window.window_id] = window

    def drop(self, target_id: str) -> None:
        """Forget the windows of a target, so that no checkpoint writes them."""
        for key in [key for key in self._unsaved if key[0] == target_id]:
            del self._unsaved[key]

    def taken(self) -> list[Window]:
        """Return the windows; they count as saved from now on."""
        windows, self._unsaved = list(self._unsaved.values()), {}
        return windows


def _published_fields(window: Window) -> tuple[object, ...]:
    """The published fields of a window. A window in which one of them changes is written with the step that changes
    it."""
    return (window.verdict, window.revision, window.closed_at, window.frozen_at, window.adjusted)
