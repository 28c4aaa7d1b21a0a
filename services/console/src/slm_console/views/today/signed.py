"""Rows of the Today page for agreements that both sides have signed in the last few days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_console.views import instants
from slm_console.views.reader import Reader
from slm_console.views.today.rows import RowAct, UrgentRow

_EACH = 3
"""Up to this many signed agreements get a row each; more share one row, so that an import does not fill the page."""
_LAST = (1 << 62, 0)


def signed_rows(reader: Reader, signed: Sequence[Mapping[str, Any]]) -> list[UrgentRow]:
    """Return a row for each agreement that both sides signed lately, or one row for all if there are many."""
    if len(signed) <= _EACH:
        return [_signed_row(reader, each) for each in signed]
    what = reader.ngettext(
        "%(count)s agreement was signed by both sides", "%(count)s agreements were signed by both sides", len(signed)
    )
    titles = reader.names([str(each["title"]) for each in signed[:_EACH]])
    act = RowAct(reader.gettext("Open"), "/agreements")
    return [
        UrgentRow(
            key="agreements/signed",
            bucket="later",
            mark="met",
            what=what,
            path="/agreements",
            why=reader.gettext("%(titles)s and others", titles=titles),
            left="",
            extent="",
            act=act,
            order=_LAST,
            word=reader.gettext("signed"),
        )
    ]


def _signed_row(reader: Reader, signed: Mapping[str, Any]) -> UrgentRow:
    path = f"/agreements/{signed['agreement_id']}/signed?version={signed['version']}"
    begins = instants.read(signed["effective_at"]) or reader.now
    day = reader.contract_day(begins, str(signed["timezone"]))
    why = reader.gettext("with %(other)s, in force since %(day)s", other=signed["other_party_name"], day=day)
    if begins > reader.now:
        why = reader.gettext("with %(other)s, comes into force on %(day)s", other=signed["other_party_name"], day=day)
    return UrgentRow(
        key=f"agreement/{signed['agreement_id']}/signed/{signed['version']}",
        bucket="later",
        mark="met",
        what=reader.gettext("%(title)s: signed by both sides", title=signed["title"]),
        path=path,
        why=why,
        left="",
        extent=str(signed["service_name"]),
        act=RowAct(reader.gettext("Open"), path),
        order=_LAST,
        word=reader.gettext("signed"),
    )
