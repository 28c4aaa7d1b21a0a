"""Recoveries of a service, real or tested: when the outage began, when service was restored, and up to which instant
data was restored.
"""

from __future__ import annotations

from typing import NamedTuple

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.facts import Fact

BEGAN = "outage_start"
DATA_TO = "data_restored_to"
"""The field of a fact's body with the instant up to which data was restored; ``BEGAN`` names the field with the start
of the outage. Service was restored at the fact's own instant.
"""


class ServiceRecovery(NamedTuple):
    """One recovery; instants in microseconds. It sorts by ``restored``, then by fact key, not by order of arrival.

    Data written after ``data_to`` was lost; None if the source did not say.
    """

    restored: UtcMicroseconds
    fact_key: str
    began: UtcMicroseconds
    data_to: UtcMicroseconds | None = None
    is_test: bool = False


def read_recovery_from_fact(fact: Fact) -> ServiceRecovery | None:
    """Return the recovery in a fact; None if the fact has no recovery."""
    body = fact.body
    if BEGAN not in body:
        return None
    return ServiceRecovery(fact.at, fact.key, body[BEGAN], body.get(DATA_TO), bool(body.get("test")))
