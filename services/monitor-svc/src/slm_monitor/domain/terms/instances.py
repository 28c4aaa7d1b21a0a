"""The instances of a target that is judged for each value of a label: targets of their own, with ids that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slm_chassis.identity import named_id
from slm_monitor.domain.facts.facts import labels_of
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory

Group = tuple[tuple[str, str], ...]


def group_of(line: TermsHistory, subject: str) -> Group | None:
    """The group that a series' rows belong to; None where they lack one of its labels."""
    labels = labels_of(subject)
    names = line.latest.group_by
    return tuple((name, labels[name]) for name in names) if all(name in labels for name in names) else None


def instance_terms(line: TermsHistory, group: Group) -> TermsHistory:
    """The line of the instance judged for a group."""
    return line.with_versions([_instance(terms, group) for terms in line.versions])


def _instance(terms: ServiceLevelTarget, group: Group) -> ServiceLevelTarget:
    shown = ", ".join(value for _, value in group)
    return replace(
        terms,
        target_id=instance_id(terms.target_id, group),
        key=f"{terms.key}[{shown}]",
        title=f"{terms.title} ({shown})",
        group=group,
        group_by=(),
        instance_of=terms.target_id,
    )


def instance_id(target_id: str, group: Sequence[tuple[str, str]]) -> str:
    """UUIDv5 over the target and the group's labels."""
    return named_id(target_id, "instance", *(part for pair in group for part in pair))
