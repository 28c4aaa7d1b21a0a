"""People of an agreement: who signed for each side, who may sign, and to whom a link can be mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader

_ROLES = {"provider": "provider_signatory", "customer": "business_signatory"}


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature in words: name, time, mandate, and how the person was identified."""

    name: str
    at: str
    basis: str
    identified: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to whom a link to the agreement can be mailed."""

    person_id: str
    name: str


@dataclass(frozen=True)
class Side:
    """One side of an agreement with its signatures and people."""

    company: str
    role: str
    signatures: list[Signature] = field(default_factory=list)
    may_sign: list[str] = field(default_factory=list)
    """Names of the people of the reader's company who may sign; empty for the other side."""
    recipients: list[Recipient] = field(default_factory=list)
    """People known to the reader to whom a link can be mailed."""


def sides_of(
    reader: Reader,
    directory: Directory,
    agreement: Mapping[str, Any],
    people: Sequence[Mapping[str, Any]],
    signers: Sequence[Mapping[str, Any]] = (),
) -> list[Side]:
    """Return both sides, the provider first. ``signers`` are people who have signed for the other side before."""
    roles = {"provider": reader.gettext("Provider"), "customer": reader.gettext("Customer")}
    made = [_side(reader, directory, agreement, people, side, roles[side]) for side in ("provider", "customer")]
    named = [each for each in agreement.get("signatories") or () if each["name"]]
    others = [*named, *signers, *agreement["signatures"]]
    found = []
    for key, side in zip(("provider", "customer"), made, strict=True):
        is_own = agreement[f"{key}_party_id"] == directory.own
        known = (
            [each for each in people if each["email"]] if is_own else [each for each in others if each["side"] == key]
        )
        unique = {str(each["person_id"]): str(each["name"]) for each in known}
        recipients = [Recipient(*each) for each in sorted(unique.items(), key=lambda each: each[1])]
        found.append(replace(side, recipients=recipients))
    return found


def _side(
    reader: Reader,
    directory: Directory,
    agreement: Mapping[str, Any],
    people: Sequence[Mapping[str, Any]],
    side: str,
    role: str,
) -> Side:
    party_id = agreement[f"{side}_party_id"]
    signed = [_signature(reader, each) for each in agreement["signatures"] if each["side"] == side]
    able = [
        str(person["name"])
        for person in people
        if person["party_id"] == party_id and any(each["role"] == _ROLES[side] for each in person["mandates"])
    ]
    return Side(directory.company(party_id), role, signed, able)


def _signature(reader: Reader, signature: Mapping[str, Any]) -> Signature:
    at = read(signature["signed_at"]) or 0
    return Signature(
        name=str(signature["name"]),
        at=reader.moment(at),
        basis=str(signature.get("mandate") or ""),
        identified=identified_in_words(reader, str(signature.get("identified_by") or "key")),
    )


def identified_in_words(reader: Reader, how: str) -> str:
    """Return in words how a person was identified: ``oidc`` → ``signed in with the account of their company``."""
    names = {
        "key": reader.gettext("signed in with a key of their own"),
        "password": reader.gettext("signed in with mail address and password"),
        "mail_code": reader.gettext("confirmed by a code sent to their mail address"),
        "sign_in_link": reader.gettext("signed in with a link that works once"),
        "oidc": reader.gettext("signed in with the account of their company"),
    }
    return names.get(how, how)
