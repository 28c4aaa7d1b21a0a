"""Recipes of pulls: how a tool is asked for tickets, samples or outages; data in the folder ``pull`` of a connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from slm_mappings import payloads
from slm_mappings.mapping import parse_mapping_text
from slm_mappings.mapping_parts import MappingPart
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping
from slm_mappings.yaml_document import read_yaml

PATH = r"^/[A-Za-z0-9/._~-]{0,200}$"
"""The form of the path of a tool's tickets: no query, nothing to unescape."""
_READS: dict[str, Literal["samples", "outages"]] = {"promql": "samples", "document": "outages"}
"""Dialect → what it asks for, unless that is tickets. A recipe of samples has no mapping: series rules map them."""


class PullWay(MappingPart):
    """A kind of authentication that the tool accepts. ``token_path``: the path at which ``oauth`` gets its tokens."""

    kind: Literal["none", "basic", "bearer", "token", "oauth"]
    token_path: Annotated[str, Field(pattern=PATH)] = "/"


class _Recipe(MappingPart):
    title: str = Field(min_length=1, max_length=100)
    dialect: str = Field(min_length=1, max_length=50)
    path: Annotated[str, Field(pattern=PATH)]
    authentication: tuple[PullWay, ...] = Field(min_length=1)
    open: str = Field(default="", max_length=2_000)
    source: str = Field(default="", max_length=200, pattern="^[^/]*$")
    page_size: int = Field(default=100, ge=1, le=1_000)
    overlap_seconds: int = Field(default=120, ge=0, le=86_400)


@dataclass(frozen=True, slots=True)
class PullRecipe:
    """How a tool is asked for its tickets, samples or outages.

    - ``dialect``: the name of the code that writes the requests and reads the answers. ``path``: the path of the
      tickets.
    - ``ways``: kind of authentication → how it works. ``open``: the tool's condition for open tickets.
    - ``page_size``: tickets in one answer. ``overlap_seconds``: how long the tool may need to show a change.
    - ``mapping``: the mapping that reads tickets or outages in the answers; empty for samples. ``source``: the usual
      name of the source. ``guide``: how the tool is set up, as Markdown; empty if nobody wrote it.
    """

    connector: str
    title: str
    dialect: str
    path: str
    ways: Mapping[str, PullWay]
    open: str
    page_size: int
    overlap_seconds: int
    mapping: str
    source: str
    guide: str = ""

    @property
    def reads(self) -> Literal["tickets", "samples", "outages"]:
        """Return what the tool is asked for."""
        return _READS.get(self.dialect, "tickets")


def read_pull_recipes(*folders: Path) -> dict[str, PullRecipe]:
    """Return name of the connector → recipe, for the connectors that have a folder ``pull``.

    A connector in a later folder replaces a connector with the same name, with or without a recipe. Raises
    ImportRefused for an incomplete recipe.
    """
    found: dict[str, PullRecipe] = {}
    for folder in folders:
        for each in folder.iterdir():
            found.pop(each.name, None)
            if (each / "pull").is_dir() and not each.name.startswith((".", "_")):
                found[each.name] = _read_recipe(each / "pull", each.name)
    return dict(sorted(found.items()))


def parse_pull_mapping(text: str) -> TicketMapping:
    """Return the mapping in a text, if it reads tickets from the answers of an API. Raises ImportRefused."""
    mapping: Any = parse_mapping_text(text)
    payloads.check_for_payloads(mapping)
    if not isinstance(mapping, TicketMapping):
        finding = ImportFinding("kind", mapping.kind, "a pull reads tickets")
        raise ImportRefused("The mapping cannot read answers", [finding])
    return mapping


def parse_outage_mapping(text: str) -> OutageMapping:
    """Return the mapping that a text contains.

    Raises ImportRefused if the text is no mapping, or if its mapping does not read outages from a document.
    """
    mapping: Any = parse_mapping_text(text)
    payloads.check_for_payloads(mapping)
    if not isinstance(mapping, OutageMapping):
        finding = ImportFinding("kind", mapping.kind, "a pull of a whole document reads outages")
        raise ImportRefused("The mapping cannot read answers", [finding])
    return mapping


def columns_of(mapping: TicketMapping) -> list[str]:
    """Return the columns that a mapping reads of a ticket, so that the tool need not send others."""
    return sorted(set(_columns_of(mapping)))


def _columns_of(mapping: TicketMapping) -> Iterator[str]:
    columns, present, resolution = mapping.columns, mapping.present, mapping.resolution_moment
    yield from (each for each in (columns.ticket, columns.opened_at, columns.updated_at) if each)
    if present is not None and present.state is not None:
        yield present.state
    yield from (moment.column for moment in mapping.moments.values())
    if resolution is not None:
        yield resolution[1].column
    for name in ("type", "priority", "team", "assignee", "service", "customer"):
        column = getattr(getattr(mapping, name), "column", None)
        if column is not None:
            yield column
    yield from mapping.attributes.values()
    tests = [test for states in mapping.states.values() for state in states for test in state.when]
    tests += mapping.rows_where
    tests += [test for condition in mapping.exclude_where for test in condition.tests]
    yield from (test.column for test in tests)


def _read_recipe(folder: Path, name: str) -> PullRecipe:
    try:
        recipe = _Recipe.model_validate(read_yaml(folder / "pull.yaml"))
    except ValidationError as problem:
        first = problem.errors()[0]
        raise _incomplete(folder / "pull.yaml", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from problem
    text, source = "", recipe.source or name
    reads = _READS.get(recipe.dialect, "tickets")
    if reads != "samples":
        parse = parse_pull_mapping if reads == "tickets" else parse_outage_mapping
        try:
            text = (folder / "mapping.yaml").read_text(encoding="utf-8")
            source = parse(text).source
        except (OSError, UnicodeDecodeError, ImportRefused) as problem:
            raise _incomplete(folder / "mapping.yaml", str(problem)) from problem
        if reads == "tickets" and not recipe.open:
            raise _incomplete(folder / "pull.yaml", "open: say which tickets are open")
    return PullRecipe(
        connector=name,
        title=recipe.title,
        dialect=recipe.dialect,
        path=recipe.path,
        ways={each.kind: each for each in recipe.authentication},
        open=recipe.open,
        page_size=recipe.page_size,
        overlap_seconds=recipe.overlap_seconds,
        mapping=text,
        source=source,
        guide=_guide(folder / "guide.md"),
    )


def _guide(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as problem:
        raise _incomplete(path, str(problem)) from problem


def _incomplete(path: Path, remedy: str) -> ImportRefused:
    return ImportRefused("A connector cannot be used", [ImportFinding(str(path), None, remedy)])
