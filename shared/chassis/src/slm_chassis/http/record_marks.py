"""The response model for the mark of what one party has put on record."""

from __future__ import annotations

from slm_chassis.http.response_models import Answer


class OnRecordAnswer(Answer):
    """The mark of what one party recorded and the other party has not confirmed. Nobody signed it here."""

    recorded_by_party_id: str
    """Id of the party that recorded it"""
    recorded_by: str
    """Name of that party"""
    not_confirmed_by: str
    """Name of the other party, which does not use the product"""
    says: str
    """The mark as a sentence: `recorded by A, not confirmed by B`"""
