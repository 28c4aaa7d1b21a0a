"""The use cases of preferences: a person chooses which events to be told of by mail, when to be told, and the time
zone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from slm_chassis.access import Principal
from slm_notification.application.mail_ports import PreferenceDesk
from slm_notification.domain.errors import NotAcceptable, WithoutPerson
from slm_notification.domain.notices import Kind, Severity
from slm_notification.domain.readers import Preference, When


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: when the person is told of notices of one kind and severity."""

    kind: Kind
    severity: Severity
    when: When


async def read_preference(desk: PreferenceDesk, caller: Principal) -> Preference:
    """Return the caller's choices about mails; raises WithoutPerson if the caller is no person."""
    person_id = _person_of(caller)
    async with desk.begin() as ledger:
        return await ledger.preference(person_id) or Preference(person_id)


@dataclass(frozen=True, slots=True)
class Choices:
    """All that a person chooses: when to be told of which notices, the time zone, and the services of the
    Monday mail.
    """

    rules: Sequence[Choice]
    time_zone: str
    monday_service_ids: Sequence[str] = ()


async def change_preference(
    desk: PreferenceDesk,
    caller: Principal,
    chosen: Choices,
    unless_changed: Callable[[Preference], None],
) -> Preference:
    """Replace all choices of the caller. For kinds that are left out, the rules of the caller's roles apply again.

    ``unless_changed`` raises if the preference has changed since the caller read it. Raises WithoutPerson and
    NotAcceptable.
    """
    person_id = _person_of(caller)
    _check_zone(chosen.time_zone)
    rules: dict[Kind, dict[Severity, When]] = {}
    for choice in chosen.rules:
        rules.setdefault(choice.kind, {})[choice.severity] = choice.when
    async with desk.begin() as ledger:
        await ledger.lock(f"mail preference of {person_id}")
        known = await ledger.preference(person_id) or Preference(person_id)
        unless_changed(known)
        changed = replace(
            known,
            rules=rules,
            time_zone=chosen.time_zone,
            version=known.version + 1,
            monday_service_ids=list(dict.fromkeys(chosen.monday_service_ids)),
        )
        await ledger.put_preference(changed)
        await ledger.note(caller, "notification-preference.change", person_id)
        return changed


def _person_of(caller: Principal) -> str:
    if caller.person_id is None or caller.party_id is None:
        raise WithoutPerson("Mails go to people, and this key belongs to none.")
    return caller.person_id


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise NotAcceptable("time_zone", name, "write the name of an IANA time zone, like Europe/Berlin") from None
