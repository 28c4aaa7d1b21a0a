"""The mapping document: which column means what, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from slm.importing.told import Finding, ImportRefused

TICKET_EVENTS = (
    "opened", "assigned", "state_changed", "priority_changed", "first_response", "customer_replied", "agent_replied",
    "resolved", "fulfilled", "reopened", "closed", "cancelled",
)  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Records(_Part):
    """How the file is cut into records; a name ending in .gz is unpacked."""

    format: Literal["csv", "jsonl", "json"]
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    items: str | None = None
    """The member of a JSON object that holds the list of records."""


class Times(_Part):
    """``format`` is ``iso``, ``unix`` (seconds) or strptime's; ``zone`` holds where a time names no offset."""

    format: str = "iso"
    zone: str = "UTC"


class Condition(_Part):
    """True where the column is missing, equals a value or is one of several."""

    column: str
    of: Literal["last_row", "first_row", "any_row"] = "last_row"
    missing: Literal[True] | None = None
    equals: str | None = None
    one_of: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Condition:
        if sum(part is not None for part in (self.missing, self.equals, self.one_of)) != 1:
            raise ValueError("give exactly one of missing: true, equals or one_of")
        return self

    def __str__(self) -> str:
        """As it is named in the summary: ``resolved_at missing``."""
        if self.missing:
            return f"{self.column} missing"
        return f"{self.column} = {self.equals or ' or '.join(self.one_of or ())}"


class Column(_Part):
    """A value read from a column, translated where ``values`` lists it; ``others`` says what becomes of the rest."""

    column: str
    values: dict[str, str] = {}
    others: Literal["refuse", "keep", "drop"] = "refuse"


class State(_Part):
    """What a state of the source means: our name for it, the event of entering it, and whether clocks wait in it."""

    state: str
    event: Literal[TICKET_EVENTS] = "state_changed"  # type: ignore[valid-type]
    pauses: bool = False


class TicketColumns(_Part):
    """The columns that every row has: the ticket's number, its state from then on and the row's own time."""

    ticket: str
    state: str
    at: str
    opened_at: str | None = None
    """Without it a ticket opens with its first row."""


class Resolution(_Part):
    """One resolution at the time in a column (of the last row), or at each entry into a state that means it."""

    column: str | None = None
    of: Literal["last_row", "first_row"] = "last_row"
    on_state: Literal[True] | None = None
    event: Literal["resolved", "fulfilled"] = "resolved"

    @model_validator(mode="after")
    def _says_one_thing(self) -> Resolution:
        if (self.column is None) == (self.on_state is None):
            raise ValueError("give either column or on_state: true")
        return self


class Policies(_Part):
    """What is decided where the source leaves room."""

    priority: Literal["final", "as_recorded"] = "as_recorded"
    """``final``: the last row's holds from the opening on."""
    resolution: Resolution = Resolution(on_state=True)
    before_opening: Literal["at_opening", "keep"] = "at_opening"
    """Rows dated before the ticket was opened: counted from its opening, their own time kept as an attribute."""
    row_id: Literal["ordinal"] | Column = "ordinal"
    """What tells a row from the ticket's other rows; ordinal: its place among them."""


class TicketMapping(_Part):
    """Rows of a ticket system's audit log; the rows of a ticket stand together."""

    kind: Literal["tickets"]
    source: str = Field(pattern=r"^[^/]+$")
    records: Records
    times: Times = Times()
    missing: tuple[str, ...] = ("",)
    columns: TicketColumns
    type: str | Column = "incident"
    priority: str | Column | None = None
    service: str | Column | None = None
    attributes: dict[str, str] = {}
    """Our name → the column, of the last row, kept with the ticket's opening."""
    states: dict[str, State]
    policies: Policies = Policies()
    exclude_where: tuple[Condition, ...] = ()
    """Tickets that no target may judge: their events are imported without type and priority."""

    @property
    def pauses(self) -> list[str]:
        """Our names of the states in which clocks wait: a target's ``pause``."""
        return sorted({state.state for state in self.states.values() if state.pauses})


class IndicatorNames(_Part):
    """Which indicator an outage belongs to: one for each name in the column, which may hold a list."""

    column: str
    key: str = "{slug}"
    """``{slug}`` is the name in small letters and dashes, ``{name}`` the name as it stands."""
    values: dict[str, str] = {}
    """Names whose key does not follow from the name."""
    initial_state: Literal["up", "unknown"] = "up"

    @model_validator(mode="after")
    def _key_can_be_formed(self) -> IndicatorNames:
        try:
            distinct = self.key.format(slug="a", name="A") != self.key.format(slug="b", name="B")
        except (KeyError, IndexError, ValueError) as problem:
            raise ValueError("use {slug} or {name}, and no other braces") from problem
        if not distinct:
            raise ValueError("use {slug} or {name}, or all outages would be of one indicator")
        return self


class OutageMapping(_Part):
    """Outages, one record each, of one or several indicators."""

    kind: Literal["outages"]
    source: str = Field(pattern=r"^[^/]+$")
    records: Records
    times: Times = Times()
    missing: tuple[str, ...] = ("",)
    id: str
    begins: str
    ends: str
    indicator: IndicatorNames
    exclude_where: tuple[Condition, ...] = ()
    """Records that are no outage."""


AnyMapping = Annotated[TicketMapping | OutageMapping, Field(discriminator="kind")]
_ANY: TypeAdapter[TicketMapping | OutageMapping] = TypeAdapter(AnyMapping)


def read(path: Path, kind: Literal["tickets", "outages"]) -> TicketMapping | OutageMapping:
    """The mapping in a YAML file; ImportRefused with every field, value and remedy where it cannot be followed."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ImportRefused("The mapping cannot be read", [Finding(str(path), "", str(problem))]) from problem
    return parse(document, kind)


def parse(document: Any, kind: Literal["tickets", "outages"]) -> TicketMapping | OutageMapping:
    """The mapping in a document of that kind."""
    if not isinstance(document, Mapping):
        raise ImportRefused("The mapping is no object", [Finding("", document, f"begin it with kind: {kind}")])
    if document.get("kind") != kind:
        raise ImportRefused("The mapping is of another kind", [Finding("kind", document.get("kind"), f"kind: {kind}")])
    try:
        return _ANY.validate_python(document)
    except ValidationError as problem:
        raise ImportRefused(
            "The mapping cannot be followed", [_finding(each) for each in problem.errors()]
        ) from problem


def _finding(error: Any) -> Finding:
    field = ".".join(str(part) for part in error["loc"] if part not in ("tickets", "outages"))
    remedy = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        remedy = "there is no such field; mind its spelling and where it stands"
    shown = "" if error["type"] == "missing" else error["input"]
    return Finding(field, shown, remedy)
