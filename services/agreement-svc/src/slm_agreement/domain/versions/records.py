"""The record of a contract that was concluded without the product: its document, its date and who signed it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from slm_events import instants
from slm_events.instants import UtcMicroseconds


@dataclass(frozen=True, slots=True)
class ContractSignature:
    """A signature below the contract, as the recorder read it. The product has not checked it."""

    side: str
    """``provider`` or ``customer``."""
    name: str
    signed_on: str | None = None
    """The date beside the signature, such as ``2026-03-31``; None: there is none."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The document of a contract that was concluded without the product."""

    media_type: str
    sha256: str
    """SHA-256 of the document's bytes, in hexadecimal."""
    dated_on: str | None
    """The date of the contract, such as ``2026-03-31``; None: it bears none."""
    signed_by: list[ContractSignature]
    """Empty for terms that nobody signs, such as published terms."""

    def document(self) -> dict[str, Any]:
        """Return the contract as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Record:
    """What the recorder entered about a contract, beside its terms. ``recorded_at`` is microseconds UTC."""

    contract: Contract
    recorded_at: UtcMicroseconds

    def says(self, other: Record) -> bool:
        """Return whether another record has the same content, whenever it was entered."""
        return self.contract == other.contract

    def document(self) -> dict[str, Any]:
        """Return the record as JSON, as the database stores it."""
        return asdict(self)

    @classmethod
    def from_document(cls, stored: dict[str, Any]) -> Record:
        """Return the record that ``document`` made."""
        contract = stored["contract"]
        signed_by = [ContractSignature(**each) for each in contract["signed_by"]]
        return cls(
            Contract(**{**contract, "signed_by": signed_by}),
            stored["recorded_at"],
        )

    def event_fields(self) -> dict[str, Any]:
        """Return the fields of the event ``AgreementRecorded`` that the record determines."""
        return {
            "recorded_at": instants.to_text(self.recorded_at),
            "contract": self.contract.document(),
        }
