"""Instances of a target with ``group_by``: one target for each combination of label values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slm_chassis.identity import named_id
from slm_monitor.domain.facts.facts import parse_series_labels
from slm_monitor.domain.terms.terms import FigureTarget
from slm_monitor.domain.terms.terms_history import FigureHistory

Group = tuple[tuple[str, str], ...]


def read_series_label_group(line: FigureHistory, subject: str) -> Group | None:
    """Return the group of label values that a series belongs to; None if the series lacks one of the ``group_by``
    labels.
    """
    labels = parse_series_labels(subject)
    names = line.latest.group_by
    return tuple((name, labels[name]) for name in names) if all(name in labels for name in names) else None


def derive_instance_terms(line: FigureHistory, group: Group) -> FigureHistory:
    """Return the terms history of one instance, which evaluates the target for one group of label values only."""
    return line.with_versions([_instance(terms, group) for terms in line.versions])


def _instance(terms: FigureTarget, group: Group) -> FigureTarget:
    shown = ", ".join(value for _, value in group)
    return replace(
        terms,
        target_id=derive_target_instance_id(terms.target_id, group),
        key=f"{terms.key}[{shown}]",
        title=f"{terms.title} ({shown})",
        group=group,
        group_by=(),
        instance_of=terms.target_id,
    )


def derive_target_instance_id(target_id: str, group: Sequence[tuple[str, str]]) -> str:
    """Return the id of an instance: a UUIDv5 over the target's id and the labels of the group."""
    return named_id(target_id, "instance", *(part for pair in group for part in pair))
