"""The sets of labels that facts about a partition's states ever had, even if other facts have replaced those facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slm_monitor.domain.facts.facts import Fact, name_labelled_series, parse_series_indicator, parse_series_labels
from slm_monitor.domain.series.series import NOTHING_YET
from slm_monitor.domain.terms.instances import Group


class SeenLabelSets:
    """The label sets of each indicator; none is ever removed.

    ``names``: the label sets known before, each as the name of a series (see ``name_labelled_series``).
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._of: dict[str, set[str]] = {}
        self._unsaved: set[str] = set()
        for name in names:
            self._of.setdefault(parse_series_indicator(name), set()).add(name)

    def add(self, fact: Fact) -> bool:
        """Record the labels of a fact; return whether this set of labels is new for its indicator."""
        labels = fact.body.get("labels")
        if not labels:
            return False
        name, known = name_labelled_series(fact.subject, labels), self._of.setdefault(fact.subject, set())
        if name in known:
            return False
        known.add(name)
        self._unsaved.add(name)
        return True

    def groups(self, subject: str, names: Sequence[str]) -> set[Group]:
        """Return the combinations of values that facts of an indicator had for these labels."""
        label_sets = [parse_series_labels(name) for name in self._of.get(subject, ())]
        return {
            tuple((name, labels[name]) for name in names)
            for labels in label_sets
            if all(map(labels.__contains__, names))
        }

    def unsaved(self) -> dict[str, int]:
        """Return series name → NOTHING_YET (no row yet) for each new label set. These sets count as saved from now on.

        The step that contains their facts saves them, as series without rows.
        """
        unsaved, self._unsaved = self._unsaved, set()
        return dict.fromkeys(unsaved, NOTHING_YET)
