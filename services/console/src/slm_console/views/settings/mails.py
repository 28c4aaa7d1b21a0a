"""View models of a person's mails: which notices are mailed and when, as a form, and the last mails."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader

MONDAY = "monday"
"""Name of the form field for services of the Monday mail; the field occurs once for each chosen service."""
MONDAY_SHOWN = "monday_shown"
"""Name of the form field which says that the form offered services for the Monday mail."""
FIELD = "when-"
"""Prefix of the form's field names; kind and severity of the notices follow it, as in ``when-breach-high``."""
_WHENS = ("at_once", "digest", "never")
_MARKS = {"sent": "met", "waiting": "on-track", "failed": "breached"}


@dataclass(frozen=True, slots=True)
class WhenCell:
    """A person's choice of when notices of one kind and severity are mailed: at once, in a digest, or never."""

    field: str
    chosen: str
    """The API's value; empty if the person has chosen nothing, so that the rule of the person's roles applies."""
    choices: Sequence[tuple[str, str]]
    """Value and words of each choice. With the first one, the rule of the person's roles decides."""

    @property
    def words(self) -> str:
        """The chosen value in words."""
        return dict(self.choices).get(self.chosen, self.chosen)


@dataclass(frozen=True, slots=True)
class KindLine:
    """A row for a kind of notices. ``serious`` is None if no notice of this kind is ever serious."""

    kind: str
    name: str
    meaning: str
    """What is serious for this kind; empty if nothing is."""
    serious: WhenCell | None
    otherwise: WhenCell | None


@dataclass(frozen=True, slots=True)
class MondayChoice:
    """A service about which the person can get a mail each Monday. ``outcome`` is empty if it is equal to ``name``."""

    service_id: str
    name: str
    outcome: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class MailLine:
    """A row for the delivery of one notice by mail."""

    delivery_id: str
    created: str
    what: str
    how: str
    mark: str
    state: str
    problem: str


def kind_lines(reader: Reader, rules: Sequence[Mapping[str, Any]], typed: Mapping[str, str]) -> list[KindLine]:
    """Return a row for each kind of notices, in the order of the API's rules.

    ``typed`` are the choices, by kind and severity, of a form that could not be saved. The rows show them instead of
    the API's choices.
    """
    names, meanings = _names(reader), _meanings(reader)
    known = {(str(each["kind"]), str(each["severity"])): _cell(reader, each, typed) for each in rules}
    return [
        KindLine(
            kind,
            names.get(kind, kind),
            meanings.get(kind, ""),
            known.get((kind, "high")) if kind in meanings or kind not in names else None,
            known.get((kind, "normal")),
        )
        for kind in dict.fromkeys(kind for kind, _ in known)
    ]


def monday_services(directory: Directory, chosen: Collection[str]) -> list[MondayChoice]:
    """Return the services that the reader sees, by name; those that are chosen come first."""
    found = []
    for service_id in directory.services:
        name, outcome = directory.service(service_id), directory.outcome(service_id)
        found.append(MondayChoice(service_id, name, "" if outcome == name else outcome, service_id in chosen))
    return sorted(found, key=lambda each: (not each.is_chosen, each.name.casefold(), each.service_id))


def rules_to_save(rules: Sequence[Mapping[str, Any]], chosen: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rules to send to the API, from a form's choices by kind and severity.

    A rule with an empty choice is not sent: for it, the person's roles decide. A rule that the form does not show keeps
    its choice.
    """
    saved = []
    for each in rules:
        when = chosen.get(_key(each), "" if each["by_role"] else str(each["when"]))
        if when:
            saved.append({"kind": str(each["kind"]), "severity": str(each["severity"]), "when": when})
    return saved


def mail_line(reader: Reader, delivery: Mapping[str, Any]) -> MailLine:
    """Return the delivery of a notice as a row: the headline, when it was or will be sent, or why sending failed."""
    state = str(delivery["state"])
    return MailLine(
        delivery_id=str(delivery["delivery_id"]),
        created=reader.moment(read(delivery["created_at"]) or 0),
        what=str(delivery["headline"]),
        how=_whens(reader).get(str(delivery["when"]), str(delivery["when"])),
        mark=_MARKS.get(state, "no-data"),
        state=_state(reader, delivery),
        problem=str(delivery["problem"]),
    )


def _cell(reader: Reader, rule: Mapping[str, Any], typed: Mapping[str, str]) -> WhenCell:
    whens = _whens(reader)
    by_role, when = bool(rule["by_role"]), str(rule["when"])
    # The API says what the roles give only where it applies, not where the person has chosen.
    of_role = reader.gettext("by role: %(when)s", when=whens.get(when, when)) if by_role else reader.gettext("by role")
    return WhenCell(
        f"{FIELD}{_key(rule)}",
        typed.get(_key(rule), "" if by_role else when),
        [("", of_role), *((value, whens[value]) for value in _WHENS)],
    )


def _key(rule: Mapping[str, Any]) -> str:
    return f"{rule['kind']}-{rule['severity']}"


def _whens(reader: Reader) -> dict[str, str]:
    return {
        "at_once": reader.gettext("at once"),
        "digest": reader.gettext("in the daily mail"),
        "never": reader.gettext("not at all"),
    }


def _names(reader: Reader) -> dict[str, str]:
    return {
        "breach": reader.gettext("Breaches"),
        "risk": reader.gettext("Targets at risk"),
        "recovered": reader.gettext("Recoveries"),
        "signature": reader.gettext("Signatures awaited"),
        "agreement": reader.gettext("Agreements signed, ended or commented on"),
        "decision": reader.gettext("Answers and decisions awaited"),
        "review": reader.gettext("Meetings, actions and what was decided"),
        "report": reader.gettext("Reports"),
        "data": reader.gettext("Missing measurements"),
    }


def _meanings(reader: Reader) -> dict[str, str]:
    """Return kind of notices → which of them are serious. A kind without serious notices is left out."""
    return {
        "breach": reader.gettext("serious: a result that the agreement calls unacceptable"),
        "risk": reader.gettext("serious: a breach is expected within the hour"),
        "recovered": reader.gettext("serious: a breach ended or was withdrawn; otherwise a risk has passed"),
        "agreement": reader.gettext("serious: an agreement ended early"),
        "decision": reader.gettext("serious: an answer is overdue"),
        "data": reader.gettext("serious: a target cannot be judged"),
    }


def _state(reader: Reader, delivery: Mapping[str, Any]) -> str:
    state = str(delivery["state"])
    sent, following = read(delivery["sent_at"]), read(delivery["next_attempt_at"])
    if state == "sent" and sent is not None:
        return reader.gettext("sent %(moment)s", moment=reader.moment(sent))
    if state == "waiting" and following is not None:
        return reader.gettext("waits until %(moment)s", moment=reader.moment(following))
    return {
        "sent": reader.gettext("sent"),
        "waiting": reader.gettext("waits"),
        "failed": reader.gettext("given up"),
        "dropped": reader.gettext("not sent: no mail address"),
    }.get(state, state)
