"""Clauses of an agreement with their headings, in a fixed order for reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_console.views import durations
from slm_console.views.reader import Reader

_ORDER = (
    "service_description", "service_hours", "availability", "support", "performance", "functionality", "charges",
    "continuity", "security", "changes", "warranty", "disagreements", "confidentiality", "property_rights",
    "legal_compliance", "extent_of_work",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: heading, text, and its other fields as pairs of name and value."""

    key: str
    title: str
    text: str
    facts: list[tuple[str, str]] = field(default_factory=list)


def clauses_of(reader: Reader, document: Mapping[str, Any]) -> list[Clause]:
    """Return the clauses that are not empty, in the order for reading."""
    written: Mapping[str, Any] = document.get("clauses") or {}
    names = [*(name for name in _ORDER if name in written), *(name for name in written if name not in _ORDER)]
    return [_clause(reader, name, written[name]) for name in names if written[name]]


def title_of(reader: Reader, name: str) -> str:
    """Return the heading of a clause, by its key."""
    names = {
        "service_description": reader.gettext("The service"),
        "service_hours": reader.gettext("Hours"),
        "availability": reader.gettext("Availability"),
        "support": reader.gettext("Support"),
        "performance": reader.gettext("Performance"),
        "functionality": reader.gettext("Errors"),
        "charges": reader.gettext("Price"),
        "continuity": reader.gettext("After a disaster"),
        "security": reader.gettext("Security"),
        "changes": reader.gettext("Changes"),
        "warranty": reader.gettext("Warranty"),
        "disagreements": reader.gettext("Disagreements and cancellation"),
        "confidentiality": reader.gettext("Confidentiality"),
        "property_rights": reader.gettext("Property rights"),
        "legal_compliance": reader.gettext("Law"),
        "extent_of_work": reader.gettext("Extent of the work"),
    }
    return names.get(name, name.replace("_", " ").capitalize())


def _clause(reader: Reader, name: str, content: Mapping[str, Any] | str) -> Clause:
    if isinstance(content, str):
        return Clause(name, title_of(reader, name), content)
    facts = [fact for field_name, value in content.items() if (fact := _fact(reader, field_name, value, content))]
    return Clause(name, title_of(reader, name), str(content.get("text") or ""), facts)


def _fact(reader: Reader, name: str, value: Any, content: Mapping[str, Any]) -> tuple[str, str] | None:
    if name in ("text", "currency", "per") or value in (None, "", [], {}):
        return None
    if name == "amount":
        return reader.gettext("Price"), price(reader, content)
    titles = {
        "channels": reader.gettext("Reached by"),
        "rto": reader.gettext("Back within"),
        "rpo": reader.gettext("Data lost at most"),
    }
    return titles.get(name, name.replace("_", " ").capitalize()), _value(reader, value)


def price(reader: Reader, charges: Mapping[str, Any]) -> str:
    """Return the amount of the charges clause with its period: ``€ 1,800 a month``.

    The clause names its period in ``per``; if it names none, the text says ``a period``. An amount that is not a
    number is returned as it was written.
    """
    try:
        money = reader.money(Decimal(str(charges["amount"])), str(charges.get("currency") or "EUR"))
    except (InvalidOperation, KeyError):
        money = str(charges.get("amount") or "")
    periods = {
        "day": reader.gettext("%(price)s a day", price=money),
        "week": reader.gettext("%(price)s a week", price=money),
        "month": reader.gettext("%(price)s a month", price=money),
        "quarter": reader.gettext("%(price)s a quarter", price=money),
        "year": reader.gettext("%(price)s a year", price=money),
    }
    return periods.get(str(charges.get("per")), reader.gettext("%(price)s a period", price=money))


def _value(reader: Reader, value: Any) -> str:
    if isinstance(value, list):
        return reader.names([_value(reader, each) for each in value])
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_value(reader, each)}" for name, each in value.items())
    return durations.in_words(reader, str(value))
