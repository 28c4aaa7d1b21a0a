"""What a cause is about, in the customer's words: promises, configuration items and tickets, but no keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


def name_cause(reader: Reader, directory: Directory, cause: Answer) -> str:
    """Return the title of a cause.

    If the cause affects only one service, the title is the outcome that this service is for. Otherwise the title is the
    first configuration item, or else the first service, with ``and others``. A cause without any of these is named
    after its ticket or measurement. If a cause is about tickets alone, the title begins with their numbers.
    """
    services = [directory.outcome(each) for each in cause["service_ids"]]
    if len(services) == 1:
        return ", ".join([*things_of_cause(cause), services[0]]) if is_of_tickets(cause) else services[0]
    items = [str(each["name"]) for each in cause["about"] if each["kind"] == "item"]
    if not items and not services:
        return ", ".join([*things_of_cause(cause), *keys_of_cause(cause)])
    return reader.gettext("%(name)s and others", name=(items or services)[0])


def is_of_tickets(cause: Answer) -> bool:
    """Whether a cause is about tickets alone.

    The end of such a cause is the ticket's deadline or the instant of the warning. It does not say whether the ticket
    is done.
    """
    return bool(cause["about"]) and all(each["kind"] == "ticket" for each in cause["about"])


def things_of_cause(cause: Answer) -> list[str]:
    """Return the names of the configuration items and the numbers of the tickets that a cause is about.

    People gave these names. Keys of indicators are not among them: ``keys_of_cause`` returns those.
    """
    items = [str(each["name"]) for each in cause["about"] if each["kind"] == "item"]
    # A ticket's name begins with its source, ``desk/INC-7``.
    tickets = [str(each["name"]).rpartition("/")[2] for each in cause["about"] if each["kind"] == "ticket"]
    return [*items, *tickets]


def keys_of_cause(cause: Answer) -> list[str]:
    """Return the keys of the indicators that a cause is about, for a tooltip."""
    return [str(each["name"]).rpartition("/")[2] for each in cause["about"] if each["kind"] == "indicator"]


def say_acknowledged(reader: Reader, cause: Answer) -> str:
    """Return who last acknowledged a breach of a cause, and when.

    Empty while a breach still waits for acknowledgement, and if nobody has acknowledged any.
    """
    # An answer that was cached before an update may lack both.
    when, name = instants.read(cause.get("acknowledged_at")), cause.get("acknowledged_by_name")
    if when is None or not name or cause["breach_states"]["open"]:
        return ""
    return reader.gettext("acknowledged by %(name)s %(moment)s", name=name, moment=reader.moment(when))
