"""Timeline of an agreement in sentences, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader
from slm_console.views.settings import audit_trail


@dataclass(frozen=True, slots=True)
class Act:
    """An entry of the timeline: when, who, and what was done."""

    at: int
    when: str
    who: str
    what: str


def entries_of(
    reader: Reader, directory: Directory, events: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> list[Act]:
    """Return the entries of the timeline, newest first.

    ``names``: principal id → name, for the people of the reader's own company.
    """
    found = []
    for event in events:
        at = read(event["at"]) or 0
        company = directory.company(event.get("by_party_id"))
        person = names.get(str(event.get("by_principal_id")), "")
        who = f"{person}, {company}" if person else company
        found.append(Act(at, reader.dated(at), who or reader.gettext("The product"), act_in_words(reader, event)))
    return sorted(found, key=lambda entry: -entry.at)


def act_in_words(reader: Reader, event: Mapping[str, Any]) -> str:
    """Return what was done, in words: ``agreement.counter`` → ``proposed changes, as revision 2``.

    For an act that is not known here, return the words that the audit trail has for it. If it has none, return
    ``changed something``. The technical name of an act is never shown.
    """
    detail = event.get("detail") or {}
    number = detail.get("revision_number") or ""
    names = {
        "draft": reader.gettext("drafted the agreement"),
        "revise": reader.gettext("changed the draft"),
        "amend": reader.gettext("drafted an amendment"),
        "propose": reader.gettext("proposed revision %(number)s", number=number),
        "counter": reader.gettext("proposed changes, as revision %(number)s", number=number),
        "answer": reader.gettext("answered revision %(number)s", number=number),
        "accept": reader.gettext("accepted revision %(number)s", number=number),
        "sign": reader.gettext("signed revision %(number)s", number=number),
        "turn": _turn_in_words(reader, str(detail.get("event") or "")),
    }
    action = str(event["action"])
    said = names.get(action.removeprefix("agreement.")) or audit_trail.known_act(reader, action)
    return said or reader.gettext("changed something")


def _turn_in_words(reader: Reader, event: str) -> str:
    """Return in words the change that happened when a date was reached; ``event`` names the published event."""
    names = {
        "AgreementInForce": reader.gettext("it came into force"),
        "AgreementExpired": reader.gettext("it ended at its term"),
        "AgreementTerminated": reader.gettext("it ended after the notice"),
        "AgreementSuperseded": reader.gettext("a newer version replaced it"),
        "AgreementAnswerMissed": reader.gettext("the answer did not come in time"),
    }
    return names.get(event) or reader.gettext("a date was reached")
