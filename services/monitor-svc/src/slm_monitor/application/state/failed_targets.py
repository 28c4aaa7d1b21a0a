"""Failed targets: targets that cannot be evaluated. Each is set aside and reported; all other targets are evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from slm_chassis.faults import is_infrastructure_fault
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.ports import PartitionNotOwned
from slm_monitor.domain.lifecycle import target_events
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges
from slm_monitor.domain.terms.terms_history import ALL, TargetTermsHistory, explain_unreadable_targets

_logger = structlog.get_logger(__name__)
_LONGEST_REASON = 1_000
UNREAD = "its terms cannot be read: "


class FailedTargets:
    """The targets whose evaluation has failed since the partition was loaded.

    Their state in memory may be half changed, so they are evaluated again only after the partition has been loaded
    again: at a restart, or because their terms have changed. ``kept``: target id → reason, for the targets that are
    stored as failed. An event is published when one of these targets is evaluated again.
    """

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = dict(kept)
        self._published: dict[str, str | None] = dict(kept)
        self._failed: set[str] = set()
        self._readable: set[str] = set()
        self._about: dict[str, Mapping[str, Any]] = {}
        self._unpublished: dict[str, str | None] = {}
        self.wants_reload = False
        """Whether a failed target has new terms, so that the partition must be loaded again to evaluate that target."""

    @property
    def has_news(self) -> bool:
        """Whether a target was set aside, or is evaluated again, and the event about that is not published yet."""
        return bool(self._unpublished)

    @contextmanager
    def attempt(
        self, line: TargetTermsHistory, changes: EvaluationChanges, mark: Mapping[str, Any] | None = None
    ) -> Iterator[EvaluationChanges]:
        """Context for the evaluation of a target: yields changes that are kept only if the evaluation succeeds.

        If the evaluation fails, the target is set aside. ``mark``: fields to add to every published event.
        Raises PartitionNotOwned and infrastructure faults.
        """
        own = EvaluationChanges(mark=mark or {})
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
                self._about[line.target_id] = target_events.build_target_identity_fields(line.latest)
                changes.unjudgeable[line.target_id] = None

    @contextmanager
    def attaching(self, line: TargetTermsHistory) -> Iterator[None]:
        """Attach a target's terms; if that fails, set the target aside.

        Terms that can be parsed may still be impossible to evaluate.
        """
        try:
            yield
        except Exception as error:
            self._fail(line, error)
            self._unpublished[line.target_id] = self._kept[line.target_id]
        else:
            # A target with ``group_by`` is evaluated through its instances only, so no evaluation of its own reports
            # its return.
            if line.latest.group_by and line.target_id in self._kept and not self.holds(line):
                self._take_up(line)

    @property
    def failed(self) -> Collection[str]:
        """The ids of the targets whose state in memory must not be saved."""
        return self._failed

    def holds(self, line: TargetTermsHistory) -> bool:
        return line.target_id in self._failed

    def returns(self, line: TargetTermsHistory) -> bool:
        """Return whether a target that had failed can be evaluated again.

        Facts that arrived meanwhile were not evaluated, so all windows of the target must be evaluated, closed ones
        included.
        """
        is_kept = line.target_id in self._kept and not self.holds(line)
        return is_kept or line.target_id in self._readable

    def amended(self, line: TargetTermsHistory) -> None:
        """Record that a target has new terms."""
        if self.holds(line):
            self.wants_reload = True
        if self._kept.get(line.target_id, "").startswith(UNREAD):
            self._readable.add(line.target_id)
            self._take_up(line)

    def _take_up(self, line: TargetTermsHistory) -> None:
        del self._kept[line.target_id]
        self._about[line.target_id] = target_events.build_target_identity_fields(line.latest)
        self._unpublished[line.target_id] = None

    def unread(self, versions: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
        """Return the targets of an agreement whose terms cannot be parsed, as target id → subject of the target's
        indicator (None: no indicator).
        """
        why = explain_unreadable_targets(versions)
        found: dict[str, str | None] = {}
        for version in versions if why else ():
            for target in version.get("targets") or ():
                reason = why.get(str(target["target_id"]), why.get(ALL))
                if reason is not None:
                    found[str(target["target_id"])] = _indicator_subject(target)
                    self._about[str(target["target_id"])] = target_events.build_identity_fields_from_signed_terms(
                        version, target
                    )
                    self._kept.setdefault(str(target["target_id"]), (UNREAD + reason)[:_LONGEST_REASON])
        return found

    def note(self, target_id: str) -> None:
        """Report that a target's terms cannot be parsed. Only the partition to which the target belongs calls this."""
        if self._published.get(target_id) != self._kept[target_id]:
            _logger.error("target failed", target=target_id, reason=self._kept[target_id])
            self._unpublished[target_id] = self._kept[target_id]

    def tell(self, changes: EvaluationChanges, now: UtcMicroseconds) -> None:
        """Publish an event for each target that has failed, or is evaluated again, since the last call."""
        for target_id, reason in self._unpublished.items():
            changes.unjudgeable.setdefault(target_id, reason)
        self._unpublished.clear()
        for target_id, reason in sorted(changes.unjudgeable.items()):
            if self._published.get(target_id) != reason:
                self._published[target_id] = reason
                changes.publish(target_events.build_target_unjudgeable(self._about[target_id], reason, now=now), now)

    def _fail(self, line: TargetTermsHistory, error: Exception) -> None:
        """Set a target aside.

        Raises the error again if it is PartitionNotOwned or an infrastructure fault, because neither is caused by the
        target.
        """
        if isinstance(error, PartitionNotOwned) or is_infrastructure_fault(error):
            raise error
        _logger.error("target failed", target=line.target_id, exc_info=error)
        self._failed.add(line.target_id)
        self._about[line.target_id] = target_events.build_target_identity_fields(line.latest)
        self._kept[line.target_id] = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]


def _indicator_subject(target: Mapping[str, Any]) -> str | None:
    named = target.get("indicator")
    if not isinstance(named, Mapping) or "key" not in named:
        return None
    return f"{named.get('owner_party_id')}/{named['key']}"
