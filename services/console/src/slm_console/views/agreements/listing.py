"""View model of the list of agreements, in groups by what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.agreements.standing import OPEN, Turn, standing_of, zone_of
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader
from slm_console.views.tables import Column, Table, Wish, table_of

GROUPS = ("mine", "theirs", "signed", "recorded", "running", "ended")
_ENDED = ("expired", "terminated", "superseded", "withdrawn")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list of agreements."""

    agreement_id: str
    title: str
    other: str
    side: str
    service: str
    standing: Turn
    ends: str
    kind: str
    version: str = ""
    """Number of the amendment that the row is about; empty for a row about the agreement itself."""

    @property
    def verb_path(self) -> str:
        """Path of the page for the next act, below the agreement's page: ``/sign`` or ``/edit``.

        Empty if the act is done on the agreement's own page.
        """
        return {"sign": "/sign", "write": "/edit"}.get(self.standing.act, "")


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the list with its rows: needs you, waits for the other side, signed, on record, in force, ended."""

    key: str
    title: str
    rows: list[Row]


def groups_of(reader: Reader, directory: Directory, agreements: Sequence[dict[str, Any]]) -> list[Group]:
    """Return the agreements in groups. The first group has the agreements that wait for the reader's company.

    Empty groups are left out. An amendment under negotiation gets a row of its own.
    """
    rows: dict[str, list[Row]] = {key: [] for key in GROUPS}
    for agreement in agreements:
        row = _row(reader, directory, agreement)
        rows[_group(agreement, row.standing)].append(row)
        amendment = _amendment_of(agreement)
        if amendment is not None:
            amended = _row(reader, directory, amendment, str(amendment["version"]))
            rows[_group(amendment, amended.standing)].append(amended)
    titles = {
        "mine": reader.gettext("Needs you"),
        "theirs": reader.gettext("Waits for the other side"),
        "signed": reader.gettext("Signed, not in force yet"),
        "recorded": reader.gettext("On record, not in force yet"),
        "running": reader.gettext("In force"),
        "ended": reader.gettext("Ended"),
    }
    return [Group(key, titles[key], rows[key]) for key in GROUPS if rows[key]]


def columns_of(reader: Reader) -> list[Column[tuple[Group, Row]]]:
    """Return the columns of the list of agreements."""
    return [
        Column("agreement", reader.gettext("Agreement"), lambda each: each[1].title),
        Column("with", reader.gettext("With"), lambda each: each[1].other),
        Column("service", reader.gettext("Service"), lambda each: each[1].service),
        Column("standing", reader.gettext("How it stands"), lambda each: each[1].standing.text),
        Column("act", reader.gettext("What to do")),
        Column("group", reader.gettext("Part of the list"), lambda each: each[0].title, is_shown=False),
    ]


def table_of_groups(reader: Reader, groups: Sequence[Group], wish: Wish) -> Table[tuple[Group, Row]]:
    """Return the rows of all groups as one table; whatever it is sorted by, the groups stay in their order."""
    rows = [(group, row) for group in groups for row in group.rows]
    return table_of(columns_of(reader), rows, wish, group=lambda each: GROUPS.index(each[0].key))


def groups_on_page(table: Table[tuple[Group, Row]]) -> list[Group]:
    """Return the groups that have rows on the shown page of the table, each with only these rows."""
    found: dict[str, Group] = {}
    for group, row in table.rows:
        found.setdefault(group.key, Group(group.key, group.title, [])).rows.append(row)
    return list(found.values())


def kind_in_words(reader: Reader, kind: str) -> str:
    """Return the name of a kind of agreement: ``ola`` → ``Agreement with an internal team``."""
    names = {
        "sla": reader.gettext("Service level agreement"),
        "ola": reader.gettext("Agreement with an internal team"),
        "uc": reader.gettext("Supplier contract"),
    }
    return names.get(kind, kind)


def _group(agreement: dict[str, Any], standing: Turn) -> str:
    if agreement["state"] in OPEN:
        return standing.turn or "theirs"
    if agreement["state"] == "finalized":
        return "signed"
    if agreement["state"] == "recorded":
        return "recorded"
    return "ended" if agreement["state"] in _ENDED else "running"


def _amendment_of(agreement: dict[str, Any]) -> dict[str, Any] | None:
    """Return the amendment under negotiation in the shape of a list entry, None if there is none."""
    negotiated = agreement.get("negotiated")
    if agreement["state"] in OPEN or not negotiated or negotiated["state"] not in OPEN:
        return None
    needs = [each for each in agreement.get("needs") or () if each.get("version") == negotiated["version"]]
    return {**agreement, **negotiated, "needs": needs, "ends_at": None}


def _row(reader: Reader, directory: Directory, agreement: dict[str, Any], version: str = "") -> Row:
    ends = read(agreement.get("ends_at"))
    directory = directory.knowing(agreement)
    return Row(
        agreement_id=str(agreement["agreement_id"]),
        title=str(agreement["title"]),
        other=directory.company(directory.other(agreement)),
        side=directory.side(agreement),
        service=directory.service(agreement["service_id"]),
        standing=standing_of(reader, directory, agreement),
        ends=reader.contract_day(ends, zone_of(agreement), is_end=True) if ends is not None else "",
        kind=kind_in_words(reader, str(agreement["kind"])),
        version=version,
    )
