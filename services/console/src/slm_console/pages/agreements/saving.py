"""Saving from the editor: a revision of a draft, a counter-proposal or an amendment, with detection of concurrent
changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_console.api_client import RefusedRequest, ServiceAway
from slm_console.pages.agreements.opening import VERSION, address, version_asked
from slm_console.views.instants import read
from slm_console.views.reader import MINUTE, Reader
from slm_console.web.visit import Visit

_AGREEMENTS = "/api/v1/agreements"
_STALE = 412


@dataclass(frozen=True)
class Order:
    """What to do with the edited document, and the text from which editing began.

    ``act`` is ``save``, ``propose`` or ``keep`` (save, even over somebody else's change). ``base`` is the hash of the
    revision from which editing began. ``tag`` is the entity tag that the agreement had at that time.
    """

    act: str
    base: str
    tag: str


@dataclass(frozen=True)
class SavedTerms:
    """The document was saved; ``address`` is the page to show next."""

    address: str


@dataclass(frozen=True)
class Overtaken:
    """Somebody else has changed the agreement meanwhile.

    ``by`` is who changed it, ``when`` the time in words, and ``number`` the number of the new revision.
    """

    by: str
    when: str
    number: int


@dataclass(frozen=True)
class NotKept:
    """Nothing was saved; ``notice`` says why, or ``overtaken`` names the change that somebody else made meanwhile."""

    notice: str
    overtaken: Overtaken | None = None
    is_away: bool = False


async def tag_of(visit: Visit, agreement: Mapping[str, Any]) -> str:
    """Return the entity tag that the API now gives the shown version of the agreement."""
    parameters = {VERSION: str(agreement["version"])}
    _, tag = await visit.api.tagged(f"{_AGREEMENTS}/{agreement['agreement_id']}", parameters)
    return tag


async def keep(
    visit: Visit, purpose: str, agreement: Mapping[str, Any], document: Mapping[str, Any], order: Order
) -> SavedTerms | NotKept:
    """Save the document as a revision, counter-proposal or amendment, and propose it if ``order`` says so.

    ``purpose`` is ``draft``, ``counter`` or ``amend``. Nothing is saved over a change that somebody else made, except
    if ``order.act`` is ``keep``.
    """
    keepers = {"draft": _revise, "counter": _counter, "amend": _amend}
    if order.act != "keep" and purpose != "draft" and order.base != agreement["revision"]["hash"]:
        return await _overtaken(visit, agreement)
    try:
        return await keepers[purpose](visit, agreement, document, order)
    except RefusedRequest as refused:
        if refused.status == _STALE:
            return await _overtaken(visit, agreement)
        if refused.status == 422:
            why = visit.reader.gettext("Nothing was kept yet. The check says what to correct.")
            return NotKept(why if refused.problem.get("errors") else str(refused))
        return NotKept(str(refused))
    except ServiceAway as away:
        return NotKept(_why_unsure(visit.reader) if away.was_sent else _why_away(visit.reader), is_away=True)


def _why_away(reader: Reader) -> str:
    return reader.gettext(
        "Nothing was kept: this part does not answer just now. What you typed is below; send it again in some seconds."
    )


def _why_unsure(reader: Reader) -> str:
    return reader.gettext(
        "This part does not answer just now, and may have kept it all the same. What you typed is below; look at the"
        " agreement before you send it again."
    )


async def _revise(
    visit: Visit, agreement: Mapping[str, Any], document: Mapping[str, Any], order: Order
) -> SavedTerms | NotKept:
    tag = await tag_of(visit, agreement) if order.act == "keep" else order.tag
    path = f"{_AGREEMENTS}/{agreement['agreement_id']}"
    body = {"document": document, "version": agreement["version"]}
    made = await visit.api.post(f"{path}/revisions", body, {"If-Match": tag})
    return await _gone_on(visit, made, order)


async def _counter(
    visit: Visit, agreement: Mapping[str, Any], document: Mapping[str, Any], order: Order
) -> SavedTerms | NotKept:
    body = {"revision_hash": agreement["revision"]["hash"], "document": document}
    await visit.api.post(f"{_AGREEMENTS}/{agreement['agreement_id']}/counter", body)
    return SavedTerms(address(visit, str(agreement["agreement_id"]), kept=order.base))


async def _amend(
    visit: Visit, agreement: Mapping[str, Any], document: Mapping[str, Any], order: Order
) -> SavedTerms | NotKept:
    path = f"{_AGREEMENTS}/{agreement['agreement_id']}"
    made = await visit.api.post(f"{path}/amendments", {"document": document})
    return await _gone_on(visit, made, order)


async def _gone_on(visit: Visit, made: Mapping[str, Any], order: Order) -> SavedTerms:
    """Propose the saved document if ``order`` says so, and return the page to show next."""
    agreement_id = str(made["agreement_id"])
    is_other = any(each["version"] != made["version"] for each in made["versions"])
    version = {VERSION: str(made["version"])} if is_other or version_asked(visit) else {}
    if order.act == "propose":
        body = {"revision_hash": made["revision"]["hash"]}
        await visit.api.post(f"{_AGREEMENTS}/{agreement_id}/propose", body)
        return SavedTerms(address(visit, agreement_id, **version, kept=order.base))
    return SavedTerms(address(visit, agreement_id, "/edit", **version, kept=order.base))


async def _overtaken(visit: Visit, agreement: Mapping[str, Any]) -> NotKept:
    """Return the result for a document that was not saved because somebody else changed the agreement.

    Only people of the reader's company are named; anybody else is "the other side".
    """
    reader, revision = visit.reader, agreement["revision"]
    people = await visit.api.whole("/api/v1/principals", {"limit": "500"})
    names = {str(each["principal_id"]): str(each["name"]) for each in people.items}
    author = names.get(str(revision["author"]["principal_id"]), "") or reader.gettext("The other side")
    at = read(revision["created_at"]) or reader.now
    return NotKept("", Overtaken(author, _ago(reader, at), int(revision["number"])))


def _ago(reader: Reader, at: int) -> str:
    minutes = max(0, reader.now - at) // MINUTE
    if minutes < 1:
        return reader.gettext("just now")
    if minutes < 60:
        return reader.ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes)
    return reader.gettext("at %(time)s", time=reader.moment(at))
