"""Connectors: each is a folder with files that describe the webhooks of one tool. A new folder adds a tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from slm_mappings import payloads
from slm_mappings.mapping import parse_mapping_text
from slm_mappings.mapping_parts import MappingPart
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping
from slm_mappings.ticket_writing import TicketWriting
from slm_mappings.yaml_document import LARGEST, read_yaml

Part = TypeVar("Part", bound=MappingPart)
SHIPPED = Path(__file__).parent / "connectors"
"""The folder of the connectors that come with the product."""


class ConnectorAuthentication(MappingPart):
    """How the tool proves who it is: the kind, and the header with the signature or the credentials.

    ``query`` is for tools that can only call an address and set no header: the address has the secret as its parameter
    ``secret``.
    """

    kind: Literal["hmac-sha256", "hmac-sha1", "bearer", "basic", "query"]
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]{1,100}$")


class _Description(MappingPart):
    title: str = Field(min_length=1, max_length=100)
    authentication: ConnectorAuthentication


@dataclass(frozen=True, slots=True)
class Connector:
    """A tool: its title, how its calls are authenticated, its mapping, its page of the guide and example payloads.

    ``examples``: name → payload as JSON text.
    """

    name: str
    title: str
    authentication: ConnectorAuthentication
    mapping: str
    kind: Literal["tickets", "outages"]
    source: str
    guide: str
    examples: Mapping[str, str]
    writing: TicketWriting | None = None
    """How tickets of the tool are changed; None if nothing is written to it."""
    writing_guide: str = ""
    """How the tool is set up for what is written into its tickets, as Markdown; empty if nobody wrote it."""


def read_connectors(*folders: Path) -> dict[str, Connector]:
    """Return name → connector of all connectors in the folders, in the order of their names.

    A connector in a later folder replaces one with the same name. Raises ImportRefused for an incomplete connector.
    """
    found = {}
    for folder in folders:
        if not folder.is_dir():
            raise _incomplete(folder, "there is no such folder")
        for each in folder.iterdir():
            if each.is_dir() and not each.name.startswith((".", "_")) and not _is_only_asked(each):
                found[each.name] = _read_connector(each)
    return dict(sorted(found.items()))


def _is_only_asked(folder: Path) -> bool:
    """Whether the tool of this folder sends no webhooks, so that only pulls can read it."""
    return [each.name for each in folder.iterdir()] == ["pull"]


def read_examples(folder: Path) -> dict[str, tuple[Any, Any]]:
    """Return name → (payload, what it must be mapped to) of each example of a connector's folder."""
    return {
        path.stem: (_json(path), _json(path.with_suffix(".expected")))
        for path in sorted((folder / "fixtures").glob("*.json"))
    }


def _read_connector(folder: Path) -> Connector:
    described = _described(folder / "connector.yaml", _Description)
    text = _text(folder / "mapping.yaml")
    try:
        mapping: TicketMapping | OutageMapping = parse_mapping_text(text)
        payloads.check_for_payloads(mapping)
    except ImportRefused as refused:
        raise _incomplete(folder / "mapping.yaml", str(refused)) from refused
    examples = {path.stem: _text(path) for path in sorted((folder / "fixtures").glob("*.json"))}
    if not examples:
        raise _incomplete(folder / "fixtures", "give one example of a payload at least, like opened.json")
    return Connector(
        name=folder.name,
        title=described.title,
        authentication=described.authentication,
        mapping=text,
        kind=mapping.kind,
        source=mapping.source,
        guide=_text(folder / "guide.md"),
        examples=examples,
        writing=_described(writing, TicketWriting) if (writing := folder / "writing.yaml").exists() else None,
        writing_guide=_text(guide) if (guide := folder / "writing.md").exists() else "",
    )


def _described(path: Path, kind: type[Part]) -> Part:
    """Return what a file of a connector describes. Raises ImportRefused that names the first fault."""
    try:
        return kind.model_validate(read_yaml(path))
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _incomplete(path, f"{place}: {first['msg']}") from problem


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise _incomplete(path, f"it is larger than {LARGEST:,} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise _incomplete(path, getattr(problem, "strerror", None) or str(problem)) from problem


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError as problem:
        raise _incomplete(path, str(problem)) from problem


def _incomplete(path: Path, remedy: str) -> ImportRefused:
    return ImportRefused("A connector cannot be used", [ImportFinding(str(path), None, remedy)])
