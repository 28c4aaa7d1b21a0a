"""The sets of labels that facts about a partition's states ever had, even if another fact has replaced them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slm_monitor.domain.facts.facts import Fact, indicator_of, labelled, labels_in_name
from slm_monitor.domain.series.series import NOTHING_YET
from slm_monitor.domain.terms.instances import Group


class SeenLabels:
    """Label sets by indicator, which only ever grow. ``names``: labelled indicators, as ``labelled`` writes them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._of: dict[str, set[str]] = {}
        self._unsaved: set[str] = set()
        for name in names:
            self._of.setdefault(indicator_of(name), set()).add(name)

    def add(self, fact: Fact) -> bool:
        """Note the labels of a fact; return whether they are new for its indicator."""
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
        """The values of these labels that facts of an indicator had."""
        label_sets = [labels_in_name(name) for name in self._of.get(subject, ())]
        return {
            tuple((name, labels[name]) for name in names)
            for labels in label_sets
            if all(map(labels.__contains__, names))
        }

    def unsaved(self) -> dict[str, int]:
        """Return the new label sets, to be saved as series without rows in the same step; they count as saved from now
        on."""
        unsaved, self._unsaved = self._unsaved, set()
        return dict.fromkeys(unsaved, NOTHING_YET)
