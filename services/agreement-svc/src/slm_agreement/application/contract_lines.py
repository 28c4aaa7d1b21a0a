"""The lines of a table of contracts: columns → contracts to put on record, or the reasons why a line is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from slm_agreement.domain.documents import templates
from slm_agreement.domain.errors import Finding
from slm_agreement.domain.terms.reading import KEY, KEY_REMEDY
from slm_agreement.domain.versions.records import Contract, ContractSignature
from slm_calendar import local_time
from slm_calendar.errors import CalendarError
from slm_events import instants

ROLES = ("customer", "provider")
COLUMNS: Mapping[str, str] = {
    "key": "Key of the contract; lines with the same key are one contract with several promises",
    "title": "Title of the contract",
    "kind": "sla, ola or uc; empty: uc",
    "our_role": "customer or provider: the side of your party; empty: customer",
    "company": "Name of the other company",
    "service": "Name of the other company's service; if your party is the provider, the key of your own service",
    "timezone": "IANA time zone of the contract's days; empty: UTC",
    "first_day": "First day on which the contract applies, such as 2026-12-01",
    "last_day": "Last day on which it applies; empty: it is open-ended",
    "notice": "Period of notice as an ISO 8601 duration, such as P90D",
    "document_sha256": "SHA-256 of the contract's document, in hexadecimal",
    "document_type": "Media type of the document; empty: application/pdf",
    "dated_on": "Date of the contract",
    "signed_by": "Name of the person who signed for the other company; empty: nobody signed",
    "promise": "Key of the promise; empty: availability",
    "indicator": "Key of the indicator that measures the promise; empty: key and promise",
    "aggregation": "How the figure is made; empty: availability",
    "at_least": "The lowest figure that keeps the promise",
    "at_most": "The highest figure that keeps the promise; instead of at_least",
    "unit": "Unit of the figure; empty: percent",
    "window": "day, week, month, quarter or year; empty: month",
}
"""Column → what stands in it."""
_OF_PROMISE = frozenset({"promise", "indicator", "aggregation", "at_least", "at_most", "unit", "window"})
_REQUIRED = ("title", "company", "service", "first_day", "document_sha256")
_DAYS = ("first_day", "last_day", "dated_on")
_LONGEST, _LONGEST_NAME = 2_000, 200
_NAMES = ("title", "company", "service", "signed_by")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9]+/[a-z0-9.+-]+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: its number as the table shows it, and its cells by column."""

    number: int
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is refused: the line, and the field with its value and remedy."""

    line: int
    finding: Finding


@dataclass(slots=True)
class TableContract:
    """A contract of the table: its lines, its columns as text, its promises, and the reasons against it."""

    key: str
    lines: list[int]
    columns: dict[str, str]
    targets: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title as it is written; empty if it is missing."""
        return self.columns.get("title", "")

    @property
    def is_provider(self) -> bool:
        """Whether the recorder provides the service."""
        return self.columns.get("our_role") == "provider"

    @property
    def kind(self) -> str:
        """The kind of the agreement."""
        return self.columns.get("kind") or "uc"

    def refuse(self, line: int, name: str, value: str, remedy: str) -> None:
        """Add a reason against the contract."""
        self.reasons.append(Reason(line, Finding(name, value, remedy)))

    def contract(self) -> Contract:
        """Return the document of the contract. Needs a contract without reasons against it."""
        other = "customer" if self.is_provider else "provider"
        name = self.columns.get("signed_by")
        return Contract(
            self.columns.get("document_type") or "application/pdf",
            self.columns["document_sha256"].lower(),
            self.columns.get("dated_on"),
            [ContractSignature(other, name)] if name else [],
        )

    def document(self) -> dict[str, Any]:
        """Return the terms as a recorder writes them. Needs a contract without reasons against it."""
        zone = self.columns.get("timezone") or "UTC"
        term = {"effective_at": _midnight(zone, self.columns["first_day"], 0)}
        if last := self.columns.get("last_day"):
            term["expires_at"] = _midnight(zone, last, 1)
        if notice := self.columns.get("notice"):
            term["notice"] = notice
        return {"title": self.title, "timezone": zone, "term": term, "targets": self.targets}


def read_contracts(lines: Sequence[Line]) -> list[TableContract]:
    """Return the contracts of a table in their order, each with the reasons against it.

    Lines with the same key are one contract: the first has its columns, and each has a promise. A further line leaves
    the contract's columns empty or repeats them.
    """
    found: dict[str, TableContract] = {}
    for line in lines:
        cells = {name: _text(name, cell) for name, cell in line.columns.items()}
        cells = {name: text for name, text in cells.items() if text}
        key = cells.get("key", "")
        # A line without a key is a contract of its own, which is refused.
        known = found.get(key) if key else None
        if known is None:
            known = TableContract(key, [], {name: text for name, text in cells.items() if name not in _OF_PROMISE})
            found[key or f"line {line.number}"] = known
            known.lines.append(line.number)
            _check_contract(known, line.number)
        else:
            known.lines.append(line.number)
            _check_same(known, line.number, cells)
        _check_columns(known, line.number, cells)
        _add_promise(known, line.number, cells)
    return list(found.values())


def _text(name: str, cell: Any) -> str:
    text = "" if cell is None else str(cell).strip()
    # A workbook stores a day as an instant at midnight.
    return text.removesuffix("T00:00:00") if name in _DAYS else text


def _check_columns(contract: TableContract, line: int, cells: Mapping[str, str]) -> None:
    for name, text in cells.items():
        if name not in COLUMNS:
            contract.refuse(line, name, text[:200], f"leave this column out; there are {', '.join(COLUMNS)}")
        elif len(text) > (most := _LONGEST_NAME if name in _NAMES else _LONGEST):
            contract.refuse(line, name, f"{text[:50]}…", f"write at most {most:,} characters")


def _check_same(contract: TableContract, line: int, cells: Mapping[str, str]) -> None:
    for name, text in cells.items():
        if name in COLUMNS and name not in _OF_PROMISE and contract.columns.get(name, "") != text:
            first = contract.lines[0]
            contract.refuse(line, name, text[:200], f"write the same as in line {first}, or leave the cell empty")


def _check_contract(contract: TableContract, line: int) -> None:
    columns = contract.columns
    if not contract.key:
        contract.refuse(line, "key", "none", "write a key, such as cloud-2027: it makes sending the table twice safe")
    elif not KEY.match(contract.key):
        contract.refuse(line, "key", contract.key[:200], KEY_REMEDY)
    for name in _REQUIRED:
        if name not in columns:
            contract.refuse(line, name, "none", f"write it: {COLUMNS[name][0].lower()}{COLUMNS[name][1:]}")
    _check_choice(contract, line, "kind", templates.KINDS)
    _check_choice(contract, line, "our_role", ROLES)
    if (sha := columns.get("document_sha256")) and not _SHA256.fullmatch(sha.lower()):
        contract.refuse(line, "document_sha256", sha[:200], "write the 64 hexadecimal digits that sha256sum prints")
    if (media := columns.get("document_type")) and not _MEDIA_TYPE.fullmatch(media):
        contract.refuse(line, "document_type", media[:200], "write a media type such as application/pdf")
    zone = columns.get("timezone")
    try:
        local_time.zone_named(zone or "UTC")
    except CalendarError:
        contract.refuse(line, "timezone", str(zone)[:200], "name an IANA time zone such as Europe/Berlin or UTC")
    for name in _DAYS:
        _check_day(contract, line, name)


def _check_choice(contract: TableContract, line: int, name: str, choices: Collection[str]) -> None:
    written = contract.columns.get(name)
    if written is not None and written not in choices:
        contract.refuse(line, name, written[:200], f"write one of: {', '.join(choices)}")


def _check_day(contract: TableContract, line: int, name: str) -> None:
    written = contract.columns.get(name)
    if written is None:
        return
    try:
        day = date.fromisoformat(written)
    except ValueError:
        contract.refuse(line, name, written[:200], "write a day such as 2026-12-01")
        return
    # Earlier and later days have no instant at their midnight in every time zone.
    if not date(1970, 1, 2) <= day <= date(9999, 1, 1):
        contract.refuse(line, name, written[:200], "write a day from 1970 on")
    contract.columns[name] = day.isoformat()


def _add_promise(contract: TableContract, line: int, cells: Mapping[str, str]) -> None:
    bounds = {name: cells[name] for name in ("at_least", "at_most") if name in cells}
    if len(bounds) != 1:
        written = " and ".join(bounds) or "none"
        contract.refuse(line, "at_least", written, "write a number in exactly one of at_least and at_most")
        return
    promise = cells.get("promise") or "availability"
    contract.targets.append(
        {
            "key": promise,
            "indicator": cells.get("indicator") or f"{contract.key}.{promise}",
            "aggregation": cells.get("aggregation") or "availability",
            "objective": {**bounds, "unit": cells.get("unit") or "percent"},
            "window": {"calendar": cells.get("window") or "month"},
        }
    )


def _midnight(zone: str, day: str, days_later: int) -> str:
    """Return the instant at which a day begins in a time zone, or the day that many days later, as RFC 3339 text."""
    begins = date.fromisoformat(day) + timedelta(days=days_later)
    return instants.to_text(local_time.instant_of(local_time.zone_named(zone), begins))
