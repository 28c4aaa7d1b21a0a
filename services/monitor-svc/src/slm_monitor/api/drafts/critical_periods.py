"""Critical periods in requests for previews and back-tests, as an agreement writes them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field


class _Draft(BaseModel):
    model_config = {"extra": "forbid"}


class DraftOccurrence(_Draft):
    """One occurrence of a critical period, from and to a local time of the zone in the request."""

    start: str = Field(alias="from", max_length=30, examples=["2026-11-03T18:00"])
    end: str = Field(alias="to", max_length=30, examples=["2026-11-04T02:00"])


class DraftOccurrences(_Draft):
    """When a draft critical period occurs: either ``dates``, or ``rule``, ``from`` and ``duration``."""

    dates: Annotated[list[DraftOccurrence], Field(min_length=1, max_length=500)] | None = None
    rule: Annotated[str, Field(max_length=300, examples=["FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=12"])] | None = None
    start: str | None = Field(None, alias="from", max_length=30, examples=["2026-11-30T18:00"])
    duration: Annotated[str, Field(max_length=40, examples=["PT6H"])] | None = None


class DraftCriticalPeriod(_Draft):
    """A critical period of a draft agreement. The terms may name its key as their window."""

    key: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,59}$", examples=["election-night"])]
    title: Annotated[str, Field(max_length=200)] = ""
    occurrences: DraftOccurrences
    freeze: bool = False

    def document(self) -> dict[str, Any]:
        """Return the period as JSON, in the form of an agreement's document."""
        return self.model_dump(by_alias=True, exclude_none=True)


DraftCriticalPeriods = Annotated[list[DraftCriticalPeriod], Field(max_length=50)]
