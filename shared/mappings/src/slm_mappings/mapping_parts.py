"""The parts that mappings of tickets and of outages share: records, times, conditions and columns."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Text = Annotated[str, BeforeValidator(lambda value: str(value).lower() if isinstance(value, bool) else value)]
"""A value of the file as text. A mapping may write ``true`` where the file has ``true``."""


class MappingPart(BaseModel):
    """A part of a mapping. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Records(MappingPart):
    """How a file is divided into records. A file whose name ends in .gz is unpacked."""

    format: Literal["csv", "jsonl", "json", "xlsx"]
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    items: str | None = None
    """The member of a JSON object that holds the list of records; dots separate nested names, also through lists."""
    sheet: str | None = None
    """The sheet of a workbook; None is the first."""


class Times(MappingPart):
    """How a file writes its times.

    ``format`` is ``iso``, ``unix`` (seconds), ``unix_ms`` or a strptime format. ``zone`` is the
    time zone of times without an offset.
    """

    format: str = "iso"
    zone: str = "UTC"

    @field_validator("format")
    @classmethod
    def _reads_what_it_writes(cls, written: str) -> str:
        """Refuse a strptime format by which no time can be read, such as one that names the day twice."""
        if written not in ("iso", "unix", "unix_ms"):
            moment = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)
            try:
                datetime.strptime(moment.strftime(written), written)  # noqa: DTZ007 - only whether it can be read
            except (ValueError, re.error) as problem:
                raise ValueError("write iso, unix, unix_ms, or a format of strptime that reads a time") from problem
        return written


class ColumnTest(MappingPart):
    """A test of one column's value. Exactly one field besides ``column`` is given.

    ``missing``: the value is missing (true) or is not missing (false). ``equals``: it equals this text. ``one_of``: it
    equals one of these texts. ``none_of``: it equals none of them.
    """

    __test__ = False  # no test of pytest

    column: str
    missing: bool | None = None
    equals: Text | None = None
    one_of: tuple[Text, ...] | None = None
    none_of: tuple[Text, ...] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> ColumnTest:
        if sum(part is not None for part in (self.missing, self.equals, self.one_of, self.none_of)) != 1:
            raise ValueError("give exactly one of missing, equals, one_of or none_of")
        return self

    def __str__(self) -> str:
        if self.missing is not None:
            return f"{self.column} {'missing' if self.missing else 'not missing'}"
        if self.none_of is not None:
            return f"{self.column} is not {' or '.join(self.none_of)}"
        return f"{self.column} = {' or '.join(self.one_of or ()) if self.equals is None else self.equals}"


class Condition(MappingPart):
    """One or several tests of columns, and the rows of a ticket that must pass all of them.

    ``of`` names these rows: ``first_row``, ``last_row``, ``any_row`` (at least one row passes) or ``no_row`` (no row
    passes). A mapping writes a single test by itself, and several as the list ``all``.
    """

    of: Literal["last_row", "first_row", "any_row", "no_row"] = "last_row"
    tests: tuple[ColumnTest, ...]

    @model_validator(mode="before")
    @classmethod
    def _one_test_or_all(cls, written: Any) -> Any:
        if not isinstance(written, dict) or "tests" in written:
            return written
        own = {name: value for name, value in written.items() if name not in ("of", "all")}
        if ("all" in written) == bool(own) or written.get("all") == []:
            raise ValueError("give one test (column and missing, equals, one_of or none_of), or all: a list of tests")
        tests = written.get("all", [own])
        return {"of": written["of"], "tests": tests} if "of" in written else {"tests": tests}

    def __str__(self) -> str:
        """Return the condition as the import's summary shows it: ``resolved_at missing``."""
        tests = " and ".join(str(test) for test in self.tests)
        return f"no row with {tests}" if self.of == "no_row" else tests


class TranslatedColumn(MappingPart):
    """A value that is read from a column and translated by ``values`` (value in the file → value in the product).

    ``others`` says what happens to a value that is not listed: ``refuse`` it, ``keep`` it unchanged, or ``drop`` it.
    """

    column: str
    values: dict[str, Text] = {}
    others: Literal["refuse", "keep", "drop"] = "refuse"
