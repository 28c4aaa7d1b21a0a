"""Validation of recoveries. A valid measurement of a recovery becomes the body of a fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts.intake_items import Indicator, SentMeasurement
from slm_monitor.domain.facts.rejections import ItemRejected, validate_instant
from slm_monitor.domain.intake.value_validation import read_measurement_labels
from slm_monitor.domain.states.recovery import BEGAN, DATA_TO

_REQUIRED = (BEGAN, "service_restored")


def validate_recovery_measurement(item: SentMeasurement, indicator: Indicator) -> tuple[int, dict[str, Any]]:
    """Return (instant at which service was restored, body of the fact) of a recovery; instants are in microseconds.

    Raises ItemRejected if a field is missing, unknown, or contradicts another field.
    """
    sent = item.recovery
    if sent is None or not set(_REQUIRED) <= sent.keys() <= {*_REQUIRED, DATA_TO}:
        remedy = f"give {' and '.join(_REQUIRED)}, and {DATA_TO} where it is known"
        raise ItemRejected("no_recovery", "recovery", None if sent is None else sorted(sent), remedy)
    began, restored = (_at(sent, name) for name in _REQUIRED)
    if restored < began:
        remedy = "service is restored at or after the start of the outage"
        raise ItemRejected("reversed_interval", "recovery.service_restored", str(sent["service_restored"]), remedy)
    body: dict[str, Any] = {BEGAN: began}
    if DATA_TO in sent:
        body[DATA_TO] = _at(sent, DATA_TO)
        if body[DATA_TO] > restored:
            remedy = "data cannot have been restored to an instant after service was"
            raise ItemRejected("reversed_interval", f"recovery.{DATA_TO}", str(sent[DATA_TO]), remedy)
    if item.test:
        body["test"] = True
    if labels := read_measurement_labels(item):
        body["labels"] = labels
    return restored, body


def _at(sent: Mapping[str, datetime], name: str) -> UtcMicroseconds:
    return validate_instant(sent[name], f"recovery.{name}")
