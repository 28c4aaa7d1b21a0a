"""Windows that are stored by the next checkpoint, not by a step, because only their figures changed."""

from __future__ import annotations

from collections.abc import Iterable

from slm_monitor.application.state.invalidation import FACT, DirtySpan
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, EvaluationMoment, TargetState, TargetWindow

Key = tuple[str, str]


class UnsavedWindows(dict[Key, TargetWindow]):
    """The windows that the next checkpoint writes, by (target id, window id), and the stored content of all windows.

    It is a dictionary, so that a batch of rows can add windows by plain assignment, which is faster than a method.
    Each batch adds a window for each of its indicators.
    """

    def __init__(self, loaded: Iterable[TargetWindow]) -> None:
        super().__init__()
        self._written = {(window.target_id, window.window_id): _published_fields(window) for window in loaded}

    def defer(
        self,
        target_state: TargetState,
        dirty: DirtySpan,
        moment: EvaluationMoment,
        changes: EvaluationChanges,
        *,
        is_recounted: bool,
    ) -> None:
        """Let windows wait for the next checkpoint if only their figures changed. A change of verdict is stored with
        this step.

        ``is_recounted``: a restart would count the indicator again from the record, as its checkpoint is outdated.
        """
        # A restart evaluates open windows again, and windows with unsaved rows. It does not evaluate a closed window
        # again that changed by a corrected fact, an exclusion, new terms or the end of a hold.
        is_lost = is_recounted or moment.cause != FACT or dirty.since is not None
        for key in changes.dropped_windows:
            self.pop(key, None)
        for window in target_state.windows.values():
            key = (window.target_id, window.window_id)
            if key not in changes.windows:
                continue
            published = _published_fields(window)
            if self._written.get(key) == published and not (is_lost and window.closed_at is not None):
                del changes.windows[key]
                self[key] = window
            else:
                self._written[key] = published

    def drop(self, target_id: str) -> None:
        """Forget the windows of a target, so that no checkpoint writes them."""
        for key in [key for key in self if key[0] == target_id]:
            del self[key]

    def taken(self) -> list[TargetWindow]:
        """Return the unsaved windows; they count as saved from now on."""
        windows = list(self.values())
        self.clear()
        return windows


def _published_fields(window: TargetWindow) -> tuple[object, ...]:
    """Return the published fields of a window. The step that changes one of them writes the window."""
    return (window.verdict, window.revision, window.closed_at, window.frozen_at, window.adjusted)
