"""The state histories of one indicator by label values: one history for each group of a target with ``group_by``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.states.state_history import StateHistory
from slm_monitor.domain.terms.instances import Group


class LabelledStateHistory:
    """One state history for each group of label values. ``names`` are the labels that form a group; a fact that lacks
    one of these labels belongs to no group.
    """

    def __init__(self, names: Sequence[str], facts: Iterable[Fact] = ()) -> None:
        self._names = names
        self.records: dict[Group, StateHistory] = {}
        self._of: dict[str, Group] = {}
        for fact in facts:
            self.add(fact)

    def add(self, fact: Fact) -> UtcMicroseconds | None:
        """Add a fact, which replaces any fact under its key, even in another group.

        Return the instant from which the states of a group change; None if none changes.
        """
        before, group = self._of.pop(fact.key, None), self._group(fact)
        found: list[int | None] = []
        if before is not None and before != group:
            found.append(self.records[before].drop(fact.key))
        if group is not None:
            self._of[fact.key] = group
            found.append(self.records.setdefault(group, StateHistory()).add(fact)[1])
        return min((since for since in found if since is not None), default=None)

    def _group(self, fact: Fact) -> Group | None:
        labels = fact.body.get("labels") or {}
        if not all(name in labels for name in self._names):
            return None
        return tuple((name, labels[name]) for name in self._names)
