"""How a tool's own API finds tickets by their numbers and changes their fields: ``writing.yaml`` of a connector.

The description is data, so that a new folder is enough to add a tool. Templates name their values in braces, like
``{number}``.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from slm_mappings.mapping_parts import MappingPart

AuthenticationKind = Literal["basic", "bearer", "token"]
_PLACE = re.compile(r"{([a-z_]+)}")
_FINDING = frozenset({"numbers", "count"})


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text} is no regular expression: {error}") from None
    return text


class TicketSearch(MappingPart):
    """A request that finds several tickets by their numbers, and the places in the answer where their data are."""

    path: str = Field(pattern=r"^/")
    query: dict[str, str]
    separator: str
    """What stands between two numbers in ``{numbers}``."""
    items: str = "."
    """The member of the answer that holds the list of tickets; ``.`` if the answer is the list."""
    number: str
    """The member of a ticket that holds its number."""
    names: dict[str, str]
    """Name in the path of the change → member of a ticket that gives the value."""

    @model_validator(mode="after")
    def _names_known_values(self) -> TicketSearch:
        _check_names({"path": self.path, **self.query}, _FINDING)
        return self


class TicketChange(MappingPart):
    """The request that changes fields of a ticket. Fields that it does not name stay as they are."""

    method: Literal["PATCH", "PUT", "POST"]
    path: str = Field(pattern=r"^/")
    query: dict[str, str] = Field(default_factory=dict)
    body: str = "."
    """The member of the body that holds the fields; ``.`` if the body itself does."""
    answer: str | None = None
    """The member of the answer that holds the ticket's fields as they are now, ``.`` if the answer itself does; None if
    the tool does not show them. A field that is missing there is one that the tool does not know.
    """


class TicketFields(MappingPart):
    """The names that the fields have in the tool, unless a writer gives other names. A field without a name is not
    written.
    """

    due_at: str | None = None
    state: str | None = None
    breached: str | None = None


class FieldTimes(MappingPart):
    """How instants are written: a strftime format. ``others``: name of a field → its own format, such as the format of
    a date without time. Instants are written in UTC, but dates without time in the writer's time zone.
    """

    format: str
    others: dict[str, str] = Field(default_factory=dict)


class YesAndNo(MappingPart):
    """The values that the tool has for yes and no."""

    yes: str | bool = True
    no: str | bool = False


class TicketWriting(MappingPart):
    """How the tool's tickets are found and changed."""

    authentication: tuple[AuthenticationKind, ...] = Field(min_length=1)
    """How requests may prove who sends them: a user and password, a bearer token, or Zammad's ``Token token=``."""
    numbers: Annotated[str, AfterValidator(_pattern)]
    """A regular expression of the numbers that tickets of the tool can have. Others are never sent to it."""
    find: TicketSearch | None = None
    """None if the path of the change needs only the number."""
    change: TicketChange
    fields: TicketFields
    times: FieldTimes
    flags: YesAndNo = YesAndNo()
    empty: str | None = None
    """The value of an instant that there is not."""

    @model_validator(mode="after")
    def _names_known_values(self) -> TicketWriting:
        found = frozenset(self.find.names) if self.find else frozenset()
        _check_names({"path": self.change.path}, found | {"number"})
        _check_names(self.change.query, frozenset({"fields"}))
        return self

    def is_number(self, number: str) -> bool:
        """Whether the tool can have a ticket with this number."""
        return re.fullmatch(self.numbers, number) is not None


def _check_names(templates: dict[str, str], known: frozenset[str]) -> None:
    for place, template in templates.items():
        unknown = sorted(set(_PLACE.findall(template)) - known)
        if unknown:
            raise ValueError(f"{place}: {{{unknown[0]}}} is not known here; write one of {', '.join(sorted(known))}")


def filled(template: str, values: dict[str, str]) -> str:
    """Return a template with its names replaced by values. Values are not read as templates."""
    return _PLACE.sub(lambda place: values[place[1]], template)
