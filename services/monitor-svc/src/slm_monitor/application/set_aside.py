"""Targets that cannot be judged: each is set aside alone, visibly, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_monitor.application.ports import NotOwner
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.standing import Changes

_logger = structlog.get_logger(__name__)
_LONGEST_REASON = 1_000


class SetAside:
    """Targets set aside since the partition was read. What is held of them in memory is good for nothing any more:
    they are judged again once it has been read anew, at a restart or because their terms have changed.

    ``kept``: target → why, as the store has it: those that are judged again are told of.
    """

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = dict(kept)
        self._failed: set[str] = set()
        self.wants_reload = False
        """A target that was set aside has other terms by now."""

    @contextmanager
    def attempt(self, line: TermsLine, changes: Changes) -> Iterator[Changes]:
        """Judge a target into changes of its own, which count only where judging it did not fail."""
        own = Changes()
        try:
            yield own
        except Exception as error:
            if isinstance(error, NotOwner) or is_infrastructure_fault(error):
                raise
            self._fail(line.target_id, error, changes)
        else:
            changes.add(own)
            if line.target_id in self._kept and line.target_id not in self._failed:
                del self._kept[line.target_id]
                changes.unjudgeable[line.target_id] = None

    def holds(self, line: TermsLine) -> bool:
        return line.target_id in self._failed

    def amended(self, line: TermsLine) -> None:
        """Other terms have come for a target."""
        if self.holds(line):
            self.wants_reload = True

    def _fail(self, target_id: str, error: Exception, changes: Changes) -> None:
        _logger.error("target set aside", target=target_id, exc_info=error)
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        self._failed.add(target_id)
        self._kept[target_id] = reason
        changes.unjudgeable[target_id] = reason
