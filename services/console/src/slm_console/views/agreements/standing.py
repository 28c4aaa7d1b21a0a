"""State of an agreement in words for one reader: whose turn it is, and the reader's next act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader

OPEN = ("draft", "proposed", "countered", "agreed")
"""States of a version under negotiation: not yet signed by both sides."""
SIGNED = ("finalized", "recorded", "in_force")
"""States of a version that was signed or put on record and has not ended."""


@dataclass(frozen=True, slots=True)
class Turn:
    """State of an agreement: in words, whose turn it is (``mine``, ``theirs`` or empty), and the reader's next act.

    ``verb`` is the label of that act, empty if there is none.
    """

    text: str
    turn: str = ""
    verb: str = ""
    act: str = ""
    """Page of the next act: ``write`` (the editor), ``sign``, or empty for the agreement's own page."""

    @property
    def is_mine(self) -> bool:
        """Whether the agreement waits for the reader's company."""
        return self.turn == "mine"


def standing_of(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> Turn:
    """Return the state of an agreement in words, with the reader's next act.

    ``agreement`` is an entry of the API's list or a whole agreement.
    """
    state = str(agreement["state"])
    other = directory.company(directory.other(agreement))
    if state == "draft":
        # A draft that answers a proposal of new targets belongs to neither side.
        seen = (
            reader.gettext("draft of new targets, seen by both sides")
            if agreement.get("proposal_id")
            else reader.gettext("draft, seen by your company only")
        )
        return Turn(seen, "mine", reader.gettext("Go on writing"), "write")
    if state in ("proposed", "countered"):
        return _negotiated(reader, directory, agreement, other)
    if state == "agreed":
        return _to_sign(reader, directory, agreement, other)
    said = _after_signing(reader, agreement, state)
    return Turn(reader.gettext("on record, %(state)s", state=said) if is_on_record(agreement) else said)


def is_on_record(agreement: Mapping[str, Any]) -> bool:
    """Whether one party recorded the agreement and the other has not confirmed it."""
    return bool(agreement.get("on_record"))


def _negotiated(reader: Reader, directory: Directory, agreement: Mapping[str, Any], other: str) -> Turn:
    if awaited_from(agreement) == directory.own:
        return Turn(_put_to_reader(reader, directory, agreement, other), "mine", reader.gettext("Answer"))
    return Turn(reader.gettext("waits for the answer of %(other)s", other=other), "theirs")


def _put_to_reader(reader: Reader, directory: Directory, agreement: Mapping[str, Any], other: str) -> str:
    """Return what the other side did, which the reader's company now has to answer."""
    if agreement["state"] != "countered":
        return reader.gettext("%(other)s proposed it to you", other=other)
    side = "customer" if directory.side(agreement) == "provider" else "provider"
    words = [each.get(side) or {} for each in agreement.get("target_answers") or ()]
    refused = sum(word.get("answer") == "refused" and word.get("stands", True) for word in words)
    if refused:
        return reader.ngettext(
            "%(other)s refused %(refused)s of %(count)s promise",
            "%(other)s refused %(refused)s of %(count)s promises",
            len(words),
            other=other,
            refused=refused,
        )
    return reader.gettext("%(other)s proposed changes", other=other)


def awaited_from(agreement: Mapping[str, Any]) -> str:
    """Return the id of the party whose answer to a proposal is awaited, empty if none is.

    The API gives this id in two places: in the field ``negotiated`` of an entry in a list, and in a field of the whole
    agreement.
    """
    negotiated = agreement.get("negotiated") or {}
    return str(agreement.get("answer_awaited_from") or negotiated.get("answer_awaited_from") or "")


def _to_sign(reader: Reader, directory: Directory, agreement: Mapping[str, Any], other: str) -> Turn:
    missing = missing_of(agreement, directory.side(agreement))
    is_provider = directory.side(agreement) == "provider"
    may_sign = directory.has_role("provider_signatory" if is_provider else "business_signatory")
    if missing and _has_other_signed(agreement, directory.side(agreement)):
        signed = reader.gettext("%(other)s has signed, waits for the signature of your company", other=other)
        if not may_sign:
            return Turn(signed, "mine", reader.gettext("Read"))
        signed = reader.gettext("%(other)s has signed, waits for your signature", other=other)
        return Turn(signed, "mine", reader.gettext("Read and sign"), "sign")
    if missing and may_sign:
        return Turn(reader.gettext("agreed, waits for your signature"), "mine", reader.gettext("Read and sign"), "sign")
    if missing:
        return Turn(reader.gettext("agreed, waits for the signature of your company"), "mine", reader.gettext("Read"))
    return Turn(reader.gettext("agreed, waits for the signature of %(other)s", other=other), "theirs")


def missing_of(agreement: Mapping[str, Any], side: str) -> bool:
    """Whether a side still has to sign.

    ``agreement`` may be an entry of the API's list. Its ``needs`` are only what the agreement needs from the reader's
    company, so ``side`` must then be the reader's side.
    """
    if "signatures" not in agreement:
        return any(each.get("need") == "signature" for each in agreement.get("needs") or ())
    if agreement.get("missing_signatures"):
        return any(each["side"] == side for each in agreement["missing_signatures"])
    return all(each["side"] != side for each in agreement["signatures"])


def _has_other_signed(agreement: Mapping[str, Any], side: str) -> bool:
    """Whether the other side has signed the present revision.

    An entry of the API's list has no signatures. Its ``needs`` say when the other side signed (``other_signed_at``).
    """
    if "signatures" not in agreement:
        return any(each.get("other_signed_at") for each in agreement.get("needs") or ())
    present = agreement["revision"]["hash"]
    return any(
        each["side"] != side and each.get("revision_hash", present) == present for each in agreement["signatures"]
    )


def zone_of(agreement: Mapping[str, Any]) -> str:
    """Return the name of the time zone in which the agreement's days begin and end."""
    return str(agreement.get("timezone") or (agreement.get("document") or {}).get("timezone") or "UTC")


def _after_signing(reader: Reader, agreement: Mapping[str, Any], state: str) -> str:
    begins, ends = read(agreement.get("effective_at")), read(agreement.get("ends_at"))
    zone = zone_of(agreement)
    if state == "finalized" and begins is not None:
        return reader.gettext("signed, begins on %(day)s", day=reader.contract_day(begins, zone))
    if state == "recorded" and begins is not None:
        return reader.gettext("begins on %(day)s", day=reader.contract_day(begins, zone))
    if state == "in_force" and ends is not None:
        return reader.gettext("in force until %(day)s", day=reader.contract_day(ends, zone, is_end=True))
    names = {
        "finalized": reader.gettext("signed"),
        "in_force": reader.gettext("in force"),
        "expired": reader.gettext("ended at its term"),
        "terminated": reader.gettext("terminated"),
        "superseded": reader.gettext("replaced by a newer version"),
        "withdrawn": reader.gettext("withdrawn before it was signed"),
    }
    return names.get(state, state)
