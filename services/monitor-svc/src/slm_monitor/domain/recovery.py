"""A recovery, or the test of one: when the outage began, when service was restored, and to when the data was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from slm_monitor.domain import counted_admission
from slm_monitor.domain.facts import Fact
from slm_monitor.domain.messages import Indicator, Measurement
from slm_monitor.domain.refusals import Refused, instant

_REQUIRED = ("outage_start", "service_restored")
_DATA = "data_restored_to"


class Recovery(NamedTuple):
    """Sorts by the instant at which service was restored, then by the fact's key: order of arrival is no part of it.

    ``data_to``: what was written after that instant is lost; None where that is not told.
    """

    restored: int
    fact_key: str
    began: int
    data_to: int | None = None
    is_test: bool = False


def recovery_of(fact: Fact) -> Recovery | None:
    """The recovery that a fact tells of, if it does."""
    body = fact.body
    if "outage_start" not in body:
        return None
    return Recovery(fact.at, fact.key, body["outage_start"], body.get(_DATA), bool(body.get("test")))


def taken(item: Measurement, indicator: Indicator) -> tuple[int, dict[str, Any]]:
    """(when service was restored, what is kept of it). Raises Refused."""
    told = item.recovery
    if told is None or not set(_REQUIRED) <= told.keys() <= {*_REQUIRED, _DATA}:
        remedy = f"give {' and '.join(_REQUIRED)}, and {_DATA} where it is known"
        raise Refused("no_recovery", "recovery", None if told is None else sorted(told), remedy)
    began, restored = (_at(told, name) for name in _REQUIRED)
    if restored < began:
        remedy = "service is restored at or after the start of the outage"
        raise Refused("reversed_interval", "recovery.service_restored", str(told["service_restored"]), remedy)
    body: dict[str, Any] = {"outage_start": began}
    if _DATA in told:
        body[_DATA] = _at(told, _DATA)
        if body[_DATA] > restored:
            remedy = "data cannot have been restored to an instant after service was"
            raise Refused("reversed_interval", f"recovery.{_DATA}", str(told[_DATA]), remedy)
    if item.test:
        body["test"] = True
    if labels := counted_admission.labels_of(item):
        body["labels"] = labels
    return restored, body


def _at(told: Mapping[str, datetime], name: str) -> int:
    return instant(told[name], f"recovery.{name}")
