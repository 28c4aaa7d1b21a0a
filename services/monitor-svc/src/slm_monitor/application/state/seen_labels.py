"""The labels under which anything was ever said of a partition's states, whether it still stands or never did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slm_monitor.domain.facts.facts import Fact, indicator_of, labelled, labels_of
from slm_monitor.domain.series.series import NOTHING_YET
from slm_monitor.domain.terms.instances import Group


class SeenLabels:
    """``names``: indicators with labels, as ``labelled`` writes them. They are only ever added to."""

    def __init__(self, names: Iterable[str]) -> None:
        self._of: dict[str, set[str]] = {}
        self._unsaved: set[str] = set()
        for name in names:
            self._of.setdefault(indicator_of(name), set()).add(name)

    def hear(self, fact: Fact) -> bool:
        """Whether its labels are new of its indicator."""
        labels = fact.body.get("labels")
        if not labels:
            return False
        name, known = labelled(fact.subject, labels), self._of.setdefault(fact.subject, set())
        if name in known:
            return False
        known.add(name)
        self._unsaved.add(name)
        return True

    def groups(self, subject: str, names: Sequence[str]) -> set[Group]:
        """The values of labels that were heard of an indicator."""
        heard = [labels_of(name) for name in self._of.get(subject, ())]
        return {
            tuple((name, labels[name]) for name in names) for labels in heard if all(map(labels.__contains__, names))
        }

    def unsaved(self) -> dict[str, int]:
        """Those to be put away with the step that heard them, as series that have no rows."""
        unsaved, self._unsaved = self._unsaved, set()
        return dict.fromkeys(unsaved, NOTHING_YET)
