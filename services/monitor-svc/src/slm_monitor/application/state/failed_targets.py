"""Targets that cannot be judged: each is set aside alone, visibly, and everything else goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_monitor.application.state.ports import NotOwner
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.target_state import Changes
from slm_monitor.domain.terms.terms_history import ALL, TermsHistory, unread_of

_logger = structlog.get_logger(__name__)
_LONGEST_REASON = 1_000
UNREAD = "its terms cannot be read: "


class FailedTargets:
    """Targets set aside since the partition was read. What is held of them in memory is good for nothing any more:
    they are judged again once it has been read anew, at a restart or because their terms have changed.

    ``kept``: target → why, as the store has it: those that are judged again are told of.
    """

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = dict(kept)
        self._told: dict[str, str | None] = dict(kept)
        self._failed: set[str] = set()
        self._readable: set[str] = set()
        self._about: dict[str, Mapping[str, Any]] = {}
        self._untold: dict[str, str | None] = {}
        self.wants_reload = False
        """A target that was set aside has other terms by now."""

    @property
    def has_news(self) -> bool:
        """Whether something is to be told that no judgement will bring."""
        return bool(self._untold)

    @contextmanager
    def attempt(self, line: TermsHistory, changes: Changes, mark: Mapping[str, Any] | None = None) -> Iterator[Changes]:
        """Judge a target into changes of its own, which count only where judging it did not fail. ``mark``: fields of
        every event that it publishes."""
        own = Changes(mark=mark or {})
        try:
            yield own
        except Exception as error:
            self._fail(line, error)
            changes.unjudgeable[line.target_id] = self._kept[line.target_id]
        else:
            changes.add(own)
            self._readable.discard(line.target_id)
            if line.target_id in self._kept and line.target_id not in self._failed:
                del self._kept[line.target_id]
                self._about[line.target_id] = target_events.about_target(line.latest)
                changes.unjudgeable[line.target_id] = None

    @contextmanager
    def attaching(self, line: TermsHistory) -> Iterator[None]:
        """Take up a target's terms, which have been read, and may mean nothing all the same."""
        try:
            yield
        except Exception as error:
            self._fail(line, error)
            self._untold[line.target_id] = self._kept[line.target_id]
        else:
            # What is judged by label is judged by its instances alone: nothing else will tell that it is again.
            if line.latest.group_by and line.target_id in self._kept and not self.holds(line):
                self._take_up(line)

    @property
    def failed(self) -> Collection[str]:
        """Targets of which nothing in memory is to be kept."""
        return self._failed

    def holds(self, line: TermsHistory) -> bool:
        return line.target_id in self._failed

    def returns(self, line: TermsHistory) -> bool:
        """Whether it is taken up again: what came while it was set aside has not been judged, in closed windows too."""
        is_kept = line.target_id in self._kept and not self.holds(line)
        return is_kept or line.target_id in self._readable

    def amended(self, line: TermsHistory) -> None:
        """Other terms have come for a target."""
        if self.holds(line):
            self.wants_reload = True
        if self._kept.get(line.target_id, "").startswith(UNREAD):
            self._readable.add(line.target_id)
            self._take_up(line)

    def _take_up(self, line: TermsHistory) -> None:
        del self._kept[line.target_id]
        self._about[line.target_id] = target_events.about_target(line.latest)
        self._untold[line.target_id] = None

    def unread(self, versions: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
        """The targets of an agreement whose terms cannot be read, each with its indicator, if it has one."""
        why = unread_of(versions)
        found: dict[str, str | None] = {}
        for version in versions if why else ():
            for target in version.get("targets") or ():
                reason = why.get(str(target["target_id"]), why.get(ALL))
                if reason is not None:
                    found[str(target["target_id"])] = _indicator_subject(target)
                    self._about[str(target["target_id"])] = target_events.about_signed(version, target)
                    self._kept.setdefault(str(target["target_id"]), (UNREAD + reason)[:_LONGEST_REASON])
        return found

    def note(self, target_id: str) -> None:
        """Its terms cannot be read, and it is for this partition to tell."""
        if self._told.get(target_id) != self._kept[target_id]:
            _logger.error("target set aside", target=target_id, reason=self._kept[target_id])
            self._untold[target_id] = self._kept[target_id]

    def tell(self, changes: Changes, now: int) -> None:
        """An event for each target that is judged no more, and for each that is judged again."""
        for target_id, reason in self._untold.items():
            changes.unjudgeable.setdefault(target_id, reason)
        self._untold.clear()
        for target_id, reason in sorted(changes.unjudgeable.items()):
            if self._told.get(target_id) != reason:
                self._told[target_id] = reason
                changes.publish(target_events.target_set_aside(self._about[target_id], reason, now=now), now)

    def _fail(self, line: TermsHistory, error: Exception) -> None:
        """Raises the error where it is not the target's."""
        if isinstance(error, NotOwner) or is_infrastructure_fault(error):
            raise error
        _logger.error("target set aside", target=line.target_id, exc_info=error)
        self._failed.add(line.target_id)
        self._about[line.target_id] = target_events.about_target(line.latest)
        self._kept[line.target_id] = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]


def _indicator_subject(target: Mapping[str, Any]) -> str | None:
    named = target.get("indicator")
    if not isinstance(named, Mapping) or "key" not in named:
        return None
    return f"{named.get('owner_party_id')}/{named['key']}"
