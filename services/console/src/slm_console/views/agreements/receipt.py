"""View model of the receipt: who signed what and when, how they were identified, and what happens next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from slm_console.views.agreements.document import finding_in_words
from slm_console.views.agreements.people import identified_in_words
from slm_console.views.agreements.standing import SIGNED, zone_of
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader

_ENDED = ("expired", "terminated", "superseded")
_SIGNED = (*SIGNED, *_ENDED)


@dataclass(frozen=True, slots=True)
class SignedLine:
    """One signature: a sentence, the instant to the second, the mandate, and the findings that the person waived."""

    sentence: str
    full: str
    mandate: str
    waived: list[tuple[str, str]]
    """Each finding that the person waived, in the words of the signing page, and the reason that they gave."""


@dataclass(frozen=True)
class Receipt:
    """The receipt of one version: it shows the signatures under the version's present revision."""

    title: str
    """The page's heading: ``You signed for Corner Shop`` or, for another reader, a text that says who signed."""
    what: str
    lines: list[SignedLine]
    following: str
    """What happens next, in a sentence or two."""
    revision_hash: str
    version: int


def receipt_of(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> Receipt:
    """Return the receipt of the version that ``agreement`` shows."""
    return Receipt(
        title=_heading(reader, directory, agreement),
        what=reader.gettext(
            "“%(title)s” between %(provider)s and %(customer)s, version %(version)s, revision %(revision)s.",
            title=agreement["title"],
            provider=directory.company(agreement["provider_party_id"]),
            customer=directory.company(agreement["customer_party_id"]),
            version=agreement["version"],
            revision=agreement["revision"]["number"],
        ),
        lines=[_signed_line(reader, directory, agreement, each) for each in signatures_of(agreement)],
        following=_following(reader, directory, agreement),
        revision_hash=str(agreement["revision"]["hash"]),
        version=int(agreement["version"]),
    )


def signatures_of(agreement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the signatures under the present revision of the shown version, the earliest first."""
    present = agreement["revision"]["hash"]
    found = [each for each in agreement["signatures"] if each.get("revision_hash", present) == present]
    return sorted(found, key=lambda each: read(each["signed_at"]) or 0)


def who_signed(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> str:
    """Return who has signed and who has not, in a sentence for the agreement's own page; empty if nobody has signed."""
    given = signatures_of(agreement)
    if not given:
        return ""
    names = [
        reader.gettext(
            "%(name)s for %(company)s on %(day)s",
            name=each["name"],
            company=directory.company(agreement[f"{each['side']}_party_id"]),
            day=day_of(reader, read(each["signed_at"]) or 0),
        )
        for each in given
    ]
    said = reader.gettext("Signed by %(names)s.", names=reader.names(names))
    if agreement["state"] != "agreed":
        return said if agreement["state"] in _SIGNED else f"{said} {_withdrawn(reader)}"
    return f"{said} {_waits(reader, directory, agreement)}"


def day_of(reader: Reader, at: int) -> str:
    """Return the day of an instant in the reader's time zone, always with the year: ``1 Dec 2026``."""
    return reader.contract_day(at, reader.zone.key)


def signed_bytes(content: Mapping[str, Any]) -> bytes:
    """Return a revision's content as the bytes that its hash is computed from (RFC 8785).

    The content has no numbers with fractions, so the standard asks only for sorted names and no spaces.
    """
    ordered = _sorted(content)
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def _sorted(value: Any) -> Any:
    # RFC 8785 sorts names by their UTF-16 code units, which differs from Python's order beyond the basic plane.
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value, key=lambda each: str(each).encode("utf-16-be"))}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def _heading(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> str:
    given, side = signatures_of(agreement), directory.side(agreement)
    company = directory.company(directory.own)
    if agreement["state"] in _SIGNED:
        return reader.gettext("Signed by both sides")
    if any(each["side"] == side and each["name"] == directory.name for each in given):
        return reader.gettext("You signed for %(company)s", company=company)
    sides = dict.fromkeys(directory.company(agreement[f"{each['side']}_party_id"]) for each in given)
    return reader.gettext("Signed for %(companies)s", companies=reader.names(list(sides)))


def _signed_line(
    reader: Reader, directory: Directory, agreement: Mapping[str, Any], signature: Mapping[str, Any]
) -> SignedLine:
    at = read(signature["signed_at"]) or 0
    return SignedLine(
        sentence=reader.gettext(
            "%(name)s signed for %(company)s on %(day)s at %(time)s (%(city)s): %(identified)s.",
            name=signature["name"],
            company=directory.company(agreement[f"{signature['side']}_party_id"]),
            day=day_of(reader, at),
            time=reader.time(at),
            city=reader.city,
            identified=identified_in_words(reader, str(signature.get("identified_by") or "key")),
        ),
        full=reader.full(at, reader.zone.key),
        mandate=str(signature.get("mandate") or ""),
        waived=[(_doubt(reader, signature, each), str(each["reason"])) for each in signature.get("waivers") or ()],
    )


def _doubt(reader: Reader, signature: Mapping[str, Any], waiver: Mapping[str, Any]) -> str:
    """Return the finding that a waiver is about, as the sentence that the signer read on the signing page."""
    findings: Sequence[Mapping[str, Any]] = signature.get("findings") or ()
    found = [each for each in findings if each["code"] == waiver["code"]]
    named = next((each for each in found if each["field"] == waiver.get("field")), found[0] if found else waiver)
    return finding_in_words(reader, named) or str(named["code"])


def _waits(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> str:
    sides = dict.fromkeys(str(each["side"]) for each in agreement["missing_signatures"])
    companies = [directory.company(agreement[f"{side}_party_id"]) for side in sides]
    return reader.gettext("It waits for the signature of %(companies)s.", companies=reader.names(companies))


def _following(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> str:
    if agreement["state"] == "agreed":
        other = directory.company(directory.other(agreement))
        binds = reader.gettext("Until then it binds neither side.")
        said = f"{_waits(reader, directory, agreement)} {binds}"
        if all(each["side"] != directory.side(agreement) for each in signatures_of(agreement)):
            return said
        return f"{said} {reader.gettext('%(other)s sees your signature at once.', other=other)}"
    if agreement["state"] not in _SIGNED:
        return _withdrawn(reader)
    day = partial(reader.contract_day, zone=zone_of(agreement))
    begins, ends = read(agreement.get("effective_at")), read(agreement.get("ends_at"))
    if begins is None:
        return reader.gettext("Both sides have signed.")
    values = {"start": day(begins), "end": day(ends, is_end=True) if ends is not None else ""}
    if agreement["state"] == "finalized":
        said = reader.gettext("Both sides have signed. It comes into force on %(start)s.", start=values["start"])
    else:
        said = reader.gettext("Both sides have signed. It took effect on %(start)s.", start=values["start"])
    if ends is None or agreement["state"] in _ENDED:
        return said
    return f"{said} {reader.gettext('It ends on %(end)s.', end=values['end'])}"


def _withdrawn(reader: Reader) -> str:
    return reader.gettext("It was withdrawn before both sides had signed, and binds neither.")
