"""Cause keys of a target: its indicators, its configuration items, and the ticket that a finding is about."""

from __future__ import annotations

from collections.abc import Sequence

from slm_events.aggregations import MEMBERS
from slm_monitor.domain.causes.findings import INDICATOR, ITEM, TARGET, TICKET, build_cause_key
from slm_monitor.domain.terms import composite_terms
from slm_monitor.domain.terms.terms import ServiceLevelTarget


def list_cause_keys_of_target(
    terms: ServiceLevelTarget, window_id: str, of_version: Sequence[ServiceLevelTarget]
) -> frozenset[str]:
    """Return the cause keys of a finding of this target in this window.

    ``of_version``: all targets of the same version of the agreement, where the members of a composite are found. A
    composite has the cause keys of its members' indicators. A target without indicators and tickets has its own id as
    key, so that it shares a cause with another target only through configuration items.
    """
    keys = {build_cause_key(ITEM, asset) for asset in terms.assets}
    named = {build_cause_key(INDICATOR, subject) for subject in _subjects(terms, of_version)}
    if terms.window_kind == "ticket":
        named.add(build_cause_key(TICKET, window_id))
    return frozenset(keys | (named or {build_cause_key(TARGET, terms.target_id)}))


def _subjects(terms: ServiceLevelTarget, of_version: Sequence[ServiceLevelTarget]) -> set[str]:
    """Return the indicators that a target is evaluated from, through all members of composites."""
    if terms.indicator is not None:
        return {terms.indicator}
    if terms.kind.source != MEMBERS:
        return set()
    made = composite_terms.parse_composite_terms(terms, of_version)
    members = (each for each in of_version if each.target_id in made.target_ids)
    return set(made.subjects).union(*(_subjects(member, of_version) for member in members))
