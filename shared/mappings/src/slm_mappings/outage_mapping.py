"""The mapping of a file of outages: their start, end and indicators."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from slm_mappings.mapping_parts import Condition, MappingPart, Records, Times, TranslatedColumn

STATES = frozenset({"up", "down", "unknown"})
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


class IndicatorNames(MappingPart):
    """The indicators to which a record belongs.

    With ``column``, each name in this column is an indicator; the column may hold a list of names. Without ``column``,
    all records of the file belong to the indicator ``key``; a mapping may then give the key as plain text instead of an
    object.
    """

    column: str | None = None
    key: str = "{slug}"
    """The indicator's key. With a column, ``{slug}`` in it becomes the name in lower case with dashes, ``{name}`` the
    name unchanged.
    """
    values: dict[str, str] = Field(default_factory=dict)
    """Name → key, for names whose key is not formed by ``key``."""
    initial_state: Literal["up", "unknown"] = "up"

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_key(cls, written: Any) -> Any:
        return {"key": written} if isinstance(written, str) else written

    @model_validator(mode="after")
    def _key_can_be_formed(self) -> IndicatorNames:
        found = set(_BRACES.findall(self.key))
        if self.column is None:
            if found or self.values or not self.key.strip():
                raise ValueError("give the column that names it, or one key without braces for the whole file")
            return self
        if found - {"{slug}", "{name}"}:
            raise ValueError("use {slug} or {name}, and no other braces")
        if not found:
            raise ValueError("use {slug} or {name}, otherwise all outages belong to one indicator")
        return self


class Length(MappingPart):
    """How long an outage lasted, if the file gives no end."""

    column: str
    unit: Literal["seconds", "minutes", "hours", "days", "iso", "clock"]
    """``iso``: PT1H30M; ``clock``: 1:30 or 1:30:00, hours first."""


class OutageMapping(MappingPart):
    """The mapping of a file in which each record is an outage of one or several indicators."""

    kind: Literal["outages"]
    source: str = Field(pattern=r"^[^/]+$")
    records: Records
    times: Times = Times()
    missing: tuple[str, ...] = ("",)
    id: str | tuple[str, ...]
    """The column with the outage's own id; or several, if only all of them together distinguish it."""
    begins: str
    ends: str | None = None
    length: Length | None = None
    state: TranslatedColumn | None = None
    """The column with the state that holds from ``begins`` on, in the place of an end: each record is a change.
    ``values`` translates its texts to ``up``, ``down`` or ``unknown``; ``others`` is ``refuse`` or ``drop``.
    """
    still_open: Literal["down", "left_out"] = "down"
    """What is sent for an outage without an end. ``down``: the state from its start, until a later import with the same
    id gives its end. ``left_out``: nothing.
    """
    indicator: IndicatorNames
    exclude_where: tuple[Condition, ...] = ()
    """Records that are not outages."""

    @model_validator(mode="after")
    def _ends_somehow(self) -> OutageMapping:
        if [self.ends, self.length, self.state].count(None) != 2:
            raise ValueError("give either ends, length or state")
        return self

    @field_validator("state")
    @classmethod
    def _is_a_state(cls, state: TranslatedColumn | None) -> TranslatedColumn | None:
        if state is not None and (state.others == "keep" or not set(state.values.values()) <= STATES):
            raise ValueError("translate each text to up, down or unknown; others is refuse or drop")
        return state
