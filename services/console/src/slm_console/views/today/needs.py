"""Rows of the Today page about agreements that need an act: an answer, a signature or a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.views import instants
from slm_console.views.reader import DAY, Reader
from slm_console.views.today import rows as kinds
from slm_console.views.today.rows import RowAct, UrgentRow, order_by_deadline

Item = Mapping[str, Any]


def _path_of(need: Item) -> str:
    """Return the path of the page on which the reader does the act that an agreement needs.

    It is the page to end the agreement, the page to sign it, the page of an amendment, or the agreement's own page.
    """
    path = f"/agreements/{need['agreement_id']}"
    if need["about"] == "termination_request":
        return f"{path}/end"
    if need["need"] == "signature" and need["yours"]:
        path = f"{path}/sign"
    return f"{path}?version={need['version']}" if need.get("version", 1) > 1 else path


def need_key(need: Item) -> str:
    """Return the key of the row for an act that an agreement needs."""
    return f"agreement/{need['agreement_id']}/{need['need']}/{need['about']}"


def _bucket(reader: Reader, deadline: int | None) -> str:
    """Return the heading under which an act is listed, by its deadline: ``today``, ``this_week`` or ``later``.

    An act without a deadline is listed under ``this_week``, because the other side waits for it.
    """
    if deadline is None:
        return "this_week"
    left = deadline - reader.now
    return "today" if left <= DAY else "this_week" if left <= 7 * DAY else "later"


def need_row(reader: Reader, need: Item) -> UrgentRow:
    """Return the row for an act that an agreement needs from the reader's company."""
    path = _path_of(need)
    deadline = instants.read(need["deadline"])
    other = need["other_party_name"]
    texts = {
        "answer": (
            reader.gettext("Answer"),
            reader.gettext("%(other)s waits for your answer", other=other),
            kinds.TO_ANSWER,
        ),
        "signature": (
            reader.gettext("Read and sign"),
            reader.gettext("agreed with %(other)s, not signed", other=other),
            kinds.TO_SIGN,
        ),
        "decision": (
            reader.gettext("Decide"),
            reader.gettext("%(other)s waits for your decision", other=other),
            kinds.AGREEMENT_TO_DECIDE,
        ),
    }
    if need["about"] == "drafted_amendment":
        drafted = reader.gettext("new targets are drafted after months of good figures: propose or withdraw them")
        texts["decision"] = (reader.gettext("Read draft"), drafted, kinds.AGREEMENT_TO_DECIDE)
    verb, why, kind = texts.get(need["need"], (reader.gettext("Open"), other, ""))
    others_verb = reader.gettext("Read") if kind == kinds.TO_SIGN else reader.gettext("Open")
    left = ""
    if deadline is not None:
        moment = reader.moment(deadline)
        left = {
            kinds.TO_ANSWER: reader.gettext("answer by %(moment)s", moment=moment),
            kinds.TO_SIGN: reader.gettext("sign by %(moment)s", moment=moment),
        }.get(kind) or reader.gettext("decide by %(moment)s", moment=moment)
    what, signed_at = str(need["title"]), instants.read(need.get("other_signed_at"))
    if signed_at is not None:
        names = {"other": other, "title": what, "day": reader.day(signed_at)}
        what = reader.gettext("%(other)s signed “%(title)s” on %(day)s: your company has not signed", **names)
        if need["yours"]:
            what = reader.gettext("%(other)s signed “%(title)s” on %(day)s: sign it too", **names)
        why = reader.gettext("it binds neither side until both have signed")
    return UrgentRow(
        key=need_key(need),
        bucket=_bucket(reader, deadline),
        mark="on-track",
        what=what,
        path=path,
        why=why,
        left=left,
        extent=str(need["service_name"]),
        act=RowAct(verb if need["yours"] else others_verb, path),
        order=order_by_deadline(need["deadline"]),
        deadline=deadline,
        counted=frozenset({kind} if need["yours"] and kind else ()),
    )
