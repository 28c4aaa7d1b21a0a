"""Counts of the events that a step publishes because of an import. Each pair of import and agreement has its own
counts; the event ``ImportJudged`` reports their sums.
"""

from __future__ import annotations

from typing import Any

from slm_events.catalogue import BREACHES, PUBLISHED
from slm_events.clocks import ClockCancelled, ClockStopped
from slm_events.monitor import WindowClosed, WindowRestated
from slm_monitor.application.state.partition_step import ImportEffect, PartitionStepChanges

_COUNTED: tuple[tuple[type[Any], str], ...] = (
    (WindowRestated, "windows_restated"),
    (WindowClosed, "windows_closed"),
    (ClockStopped, "clocks_ended"),
    (ClockCancelled, "clocks_ended"),
)


def count_import_effects(step: PartitionStepChanges) -> None:
    """Count the events of a step that name an import. Store the counts in ``step.touched``, by import and
    agreement.
    """
    for outgoing in step.changes.events:
        event = outgoing.event
        import_id = getattr(event, "import_id", None)
        if import_id is None:
            continue
        touched = step.touched.setdefault(
            (import_id, event.agreement_id), ImportEffect(event.provider_party_id, event.customer_party_id)
        )
        # WindowRestated is a subclass of WindowClosed, so the order of ``_COUNTED`` matters: the first match counts.
        name = next((name for kind, name in _COUNTED if isinstance(event, kind)), None)
        if name is not None:
            setattr(touched, name, getattr(touched, name) + 1)
        if PUBLISHED[type(event)].topic is BREACHES:
            touched.breach_events += 1
