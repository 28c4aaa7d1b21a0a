"""Reads the records of ``slm.access``, and checks each record before it decides which keys are valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_chassis.log.port import StoredRecord
from slm_events import envelope, instants
from slm_events.access_tokens import TokenKeyAnnounced
from slm_events.catalogue import ACCESS, PUBLISHED
from slm_events.instants import UtcMicroseconds


def access_event_of(record: StoredRecord) -> Any:
    """Return the PrincipalEnrolled, KeyRevoked or TokenKeyAnnounced of a record.

    Raises NotAnEvent for every other record.
    """
    event = envelope.from_record(record.value, record.headers).data
    kind = PUBLISHED[type(event)]
    if kind.topic is not ACCESS:
        raise envelope.NotAnEvent(f"{type(event).__name__} does not describe a principal")
    described = getattr(event, kind.key_field)
    if described != record.key:
        raise envelope.NotAnEvent(f"the record describes {described!r} under the key of another principal")
    if not isinstance(event, TokenKeyAnnounced):
        _check_keys(event.keys)
        try:
            end_of(event)
        except (TypeError, ValueError, AttributeError, OverflowError):
            raise envelope.NotAnEvent("the ends_at of the principal is not an instant") from None
    return event


def _check_keys(keys: list[dict[str, Any]]) -> None:
    for key in keys:
        texts = (key.get("key_id"), key.get("sha256"), key.get("revoked_at") or "", *_scopes_of(key))
        if not all(isinstance(text, str) for text in texts):
            raise envelope.NotAnEvent("a key has no key_id or sha256, or its scopes or revoked_at are not text")
        limits = key.get("limited_to") or []
        if not isinstance(limits, list) or not all(isinstance(each, str) for each in limits):
            raise envelope.NotAnEvent("the limited_to of a key is no list of text")
        try:
            expiry_of(key)
        except (TypeError, ValueError, AttributeError, OverflowError):
            raise envelope.NotAnEvent("the expires_at of a key is not an instant") from None


def expiry_of(key: Mapping[str, Any]) -> UtcMicroseconds | None:
    """Return the instant from which a key is refused, microseconds UTC; None if the key does not expire.

    Raises TypeError, ValueError, AttributeError or OverflowError if the key's ``expires_at`` is not an instant.
    """
    written = key.get("expires_at")
    return None if written is None else instants.from_text(written)


def end_of(event: Any) -> UtcMicroseconds | None:
    """Return the instant from which a principal may do nothing any more, microseconds UTC; None if it has no end.

    Raises TypeError, ValueError, AttributeError or OverflowError if the event's ``ends_at`` is not an instant.
    """
    return None if event.ends_at is None else instants.from_text(event.ends_at)


def is_past(expires_at: UtcMicroseconds | None, now: UtcMicroseconds) -> bool:
    return expires_at is not None and now >= expires_at


def _scopes_of(key: Mapping[str, Any]) -> list[Any]:
    scopes = key.get("scopes") or []
    return scopes if isinstance(scopes, list) else [None]
