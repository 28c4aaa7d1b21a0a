"""View models of the company's people and systems: roles, mandates, access, invitations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.moments import day_to_type
from slm_console.views.reader import Reader
from slm_console.views.settings import roles

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Member:
    """A person or system of the company, as a row of the list."""

    principal_id: str
    name: str
    email: str
    company: str
    roles: str
    mandates: list[str]
    standing: str
    has_ended: bool
    is_self: bool
    may_edit: bool
    """Whether the reader may change and invite them; only an operator may do so for signatories."""
    may_deactivate: bool
    is_auditor: bool
    is_person: bool


@dataclass(frozen=True)
class OpenInvitation:
    """A row for an invitation that was not accepted yet."""

    invitation_id: str
    principal_id: str
    alias: str
    email: str
    kind: str
    by: str
    until: str
    may_repeat: bool
    may_withdraw: bool
    """Whether the reader may withdraw it; only an operator withdraws one that an operator made."""


@dataclass(frozen=True)
class MemberForm:
    """The form for one person or system: the values of its fields and the roles to choose from."""

    member: Member
    role: str
    choices: list[tuple[str, str]]
    until: str
    mandates: list[dict[str, str]] = field(default_factory=list)


def members(
    reader: Reader, directory: Directory, me: Item, principals: Sequence[Item], people: Sequence[Item]
) -> list[Member]:
    """Return the rows for people and systems by company and name; those whose access has ended come last."""
    known = {str(each["person_id"]): each for each in people}
    found = [
        _member(reader, directory, me, each, known.get(str(each["person_id"])))
        for each in principals
        if each["party_id"] is not None
    ]
    return sorted(found, key=lambda each: (each.has_ended, each.company.casefold(), each.name.casefold()))


def invited(
    reader: Reader, invitations: Sequence[Item], people: Sequence[Member], *, is_operator: bool
) -> list[OpenInvitation]:
    """Return the rows for open invitations, the newest first. ``is_operator``: whether the reader is an operator."""
    editable = {each.principal_id for each in people if each.may_edit}
    return [
        OpenInvitation(
            str(each["invitation_id"]),
            str(each["principal_id"] or ""),
            str(each["alias"] or each["email"] or "–"),
            str(each["email"] or ""),
            reader.gettext("company") if each["kind"] == "party" else reader.gettext("person"),
            str(each["created_by"]),
            reader.day(read(each["expires_at"]) or 0),
            each["principal_id"] is None or str(each["principal_id"]) in editable,
            is_operator or each["party_id"] is not None,
        )
        for each in reversed(invitations)
        if each["state"] == "open"
    ]


def editing(reader: Reader, directory: Directory, member: Member, principal: Item, person: Item | None) -> MemberForm:
    """Return the form for a person or system, with their present values."""
    ends = read(principal["ends_at"])
    until = "" if ends is None or member.has_ended else day_to_type(reader, reader.local(ends - 1).date())
    held = [str(each) for each in principal["roles"]]
    return MemberForm(
        member,
        held[0] if held else "viewer",
        roles.choices(reader, is_operator=directory.has_role("operator")),
        until,
        [
            {"role": str(each["role"]), "text": str(each["text"]), "words": _mandate(reader, each)}
            for each in (person or {}).get("mandates", ())
        ],
    )


def _member(reader: Reader, directory: Directory, me: Item, principal: Item, person: Item | None) -> Member:
    is_operator, is_manager = directory.has_role("operator"), directory.has_role("service_level_manager")
    held = [str(each) for each in principal["roles"]]
    signs = not set(held).isdisjoint(roles.SIGNATORIES)
    is_self = str(principal["principal_id"]) == str(me.get("principal_id"))
    ends = read(principal["ends_at"])
    return Member(
        str(principal["principal_id"]),
        str(principal["name"]),
        str((person or {}).get("email") or ""),
        directory.company(principal["party_id"]),
        roles.in_words(reader, held),
        [_mandate(reader, each) for each in (person or {}).get("mandates", ())],
        _access_in_words(reader, principal, ends, person is not None),
        ends is not None and ends <= reader.now,
        is_self,
        is_operator or (is_manager and not signs),
        (is_operator or is_manager) and not is_self,
        roles.AUDITOR in held,
        person is not None,
    )


def _access_in_words(reader: Reader, principal: Item, ends: int | None, is_person: bool) -> str:
    if ends is not None and ends <= reader.now:
        return reader.gettext("out since %(day)s", day=reader.day(ends))
    if ends is not None:
        return reader.gettext("until %(day)s", day=reader.day(ends - 1))
    if not principal["keys"]:
        return reader.gettext("has not come in yet") if is_person else reader.gettext("has no key")
    return ""


def _mandate(reader: Reader, mandate: Item) -> str:
    words = roles.names(reader).get(str(mandate["role"]), "")
    until = read(mandate["valid_until"])
    if until is not None:
        return reader.gettext(
            "%(words)s until %(day)s: %(basis)s", words=words, day=reader.day(until - 1), basis=mandate["text"]
        )
    return f"{words}: {mandate['text']}"
