"""Rows of the audit trail in words.

Each row says who did what to which thing and when, from which address, and how the caller was identified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.agreements.people import identified_in_words
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader
from slm_console.views.tables import Column
from slm_events.instants import to_text


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A row of the audit trail. ``path`` is the page of the thing that the act was about, empty if it has none."""

    seq: int
    at: int
    when: str
    who: str
    company: str
    what: str
    thing: str
    path: str
    how: str
    address: str


def audit_lines(reader: Reader, directory: Directory, entries: Sequence[Mapping[str, Any]]) -> list[AuditLine]:
    """Return the rows for the audit entries, in the API's order: newest first."""
    return [_audit_line(reader, directory, each) for each in entries]


def audit_columns(reader: Reader) -> list[Column[AuditLine]]:
    """Return the columns of the audit trail. Only the download has the instant in UTC and the company."""
    return [
        Column("when", reader.gettext("When"), lambda line: line.when),
        Column("at", reader.gettext("When, in UTC"), lambda line: to_text(line.at), is_shown=False),
        Column("who", reader.gettext("Who"), lambda line: line.who),
        Column("company", reader.gettext("Company"), lambda line: line.company, is_shown=False),
        Column("what", reader.gettext("Did what"), lambda line: line.what),
        Column("thing", reader.gettext("To what"), lambda line: line.thing),
        Column("how", reader.gettext("How it is known who"), lambda line: f"{line.how} {line.address}".strip()),
    ]


def kinds(reader: Reader) -> list[tuple[str, str]]:
    """Return the kinds of acts by which the audit trail can be filtered: API value and words."""
    return [
        ("agreement", reader.gettext("agreements")),
        ("guest-link", reader.gettext("links for guests")),
        ("invitation", reader.gettext("invitations")),
        ("key", reader.gettext("keys")),
        ("person", reader.gettext("people")),
        ("principal", reader.gettext("roles and access")),
        ("service", reader.gettext("services")),
        ("session", reader.gettext("sign-ins")),
    ]


def _audit_line(reader: Reader, directory: Directory, entry: Mapping[str, Any]) -> AuditLine:
    at, party = read(entry["at"]) or 0, entry["by_party_id"]
    name = str(entry["by_name"] or "")
    company = "" if party is None or party == directory.own else directory.company(party)
    how = entry["identified_by"]
    return AuditLine(
        int(entry["seq"]),
        at,
        reader.moment(at),
        name or company or reader.gettext("the product itself"),
        company if name else "",
        act_in_words(reader, str(entry["action"])),
        str(entry["subject_name"] or ""),
        _path_of_thing(entry),
        "" if how is None else identified_in_words(reader, str(how)),
        str(entry["address"] or ""),
    )


def _path_of_thing(entry: Mapping[str, Any]) -> str:
    places = {"agreement": "/agreements/{}", "principal": "/settings/people/{}", "service": "/services/{}"}
    fixed = {"invitation": "/settings/people", "person": "/settings/people", "party": "/settings"}
    kind = str(entry["subject_kind"])
    return places[kind].format(entry["subject_id"]) if kind in places else fixed.get(kind, "")


def act_in_words(reader: Reader, action: str) -> str:
    """Return an act in words: ``key.issue`` → ``made a key``; never its technical name."""
    return known_act(reader, action) or reader.gettext("changed something")


def known_act(reader: Reader, action: str) -> str:
    """Return an act in words, empty if there are no words for it."""
    return {**_of_people(reader), **_of_agreements(reader)}.get(action, "")


def _of_people(reader: Reader) -> dict[str, str]:
    return {
        "account.lose-address": reader.gettext("ended an account whose address somebody else proved"),
        "guest-link.send": reader.gettext("mailed a guest a link"),
        "guest-link.make": reader.gettext("made a link to an agreement for a reader without an account"),
        "guest-link.withdraw": reader.gettext("withdrew a guest's link"),
        "installation.set-up": reader.gettext("set the installation up"),
        "invitation.accept": reader.gettext("accepted an invitation"),
        "invitation.make": reader.gettext("invited"),
        "invitation.withdraw": reader.gettext("withdrew an invitation"),
        "key.issue": reader.gettext("made a key"),
        "key.revoke": reader.gettext("revoked a key"),
        "named-company.edit": reader.gettext("changed a company that is not here"),
        "named-company.join": reader.gettext("a company of contracts on record joined"),
        "named-company.name": reader.gettext("named a company that is not here"),
        "openid.link": reader.gettext("connected the account of their company"),
        "parties.relate": reader.gettext("connected two companies"),
        "party.arrive": reader.gettext("registered the company"),
        "party.edit": reader.gettext("changed the company"),
        "party.register": reader.gettext("registered the company"),
        "password.change": reader.gettext("set a password"),
        "person.edit": reader.gettext("changed a person"),
        "person.record": reader.gettext("recorded a person"),
        "principal.deactivate": reader.gettext("deactivated"),
        "principal.edit": reader.gettext("changed what somebody may do"),
        "principal.enrol": reader.gettext("enrolled"),
        "requirement.record": reader.gettext("recorded a requirement"),
        "service.catalogue": reader.gettext("added a service"),
        "service.edit": reader.gettext("changed a service"),
        "session.begin": reader.gettext("signed in"),
        "session.end": reader.gettext("ended a session"),
        "set-up.make": reader.gettext("made the link to set the installation up"),
        "sign-in-link.make": reader.gettext("made a link to sign in once"),
    }


def _of_agreements(reader: Reader) -> dict[str, str]:
    return {
        "agreement.accept": reader.gettext("accepted"),
        "agreement.amend": reader.gettext("drafted an amendment"),
        "agreement.answer": reader.gettext("answered"),
        "agreement.ask-to-end": reader.gettext("asked to end the agreement"),
        "agreement.comment": reader.gettext("commented"),
        "agreement.consent-to-end": reader.gettext("agreed to the end"),
        "agreement.confirm": reader.gettext("the contract on record was confirmed by a signed agreement"),
        "agreement.counter": reader.gettext("proposed changes"),
        "agreement.draft": reader.gettext("drafted the agreement"),
        "agreement.drop-ending": reader.gettext("withdrew the request to end"),
        "agreement.offer": reader.gettext("offered the contract on record to the other company"),
        "agreement.record": reader.gettext("put the contract on record"),
        "agreement.propose": reader.gettext("proposed it"),
        "agreement.reopen-comment": reader.gettext("opened a comment again"),
        "agreement.resolve-comment": reader.gettext("closed a comment"),
        "agreement.revise": reader.gettext("changed the draft"),
        "agreement.sign": reader.gettext("signed"),
        "agreement.terminate": reader.gettext("ended the agreement"),
        "agreement.turn": reader.gettext("a date was reached"),
        "agreement.withdraw": reader.gettext("withdrew the agreement"),
        "proposal.draft": reader.gettext("drafted new targets, as a review proposed"),
        "proposal.drop": reader.gettext("dropped what a review had proposed"),
        "proposal.refuse": reader.gettext("could not draft what a review proposed"),
    }
