"""View models of webhooks: the addresses to which a company's events are sent, and their deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from slm_console.views.connections.event_names import event_in_words
from slm_console.views.connections.sources import moment_of
from slm_console.views.connections.webhook_filters import FIELDS
from slm_console.views.reader import Reader
from slm_console.views.tables import Column

ALARMS = (
    "slm.monitor.target-at-risk.v1", "slm.monitor.risk-cleared.v1", "slm.monitor.target-breached.v1",
    "slm.monitor.breach-revised.v1", "slm.monitor.target-recovered.v1", "slm.monitor.breach-withdrawn.v1",
)  # fmt: skip
"""Types of events about risks and breaches that begin or end."""
BREACHES = tuple(each for each in ALARMS if "risk" not in each)
CHOICES: Mapping[str, Sequence[str]] = {"alarms": ALARMS, "breaches": BREACHES, "all": ()}
"""Choice in the form → types of events; an empty list means all types."""
WITH_SECRET = ("pagerduty", "alertmanager")
"""Kinds of endpoints whose secret is issued by the tool that receives the events."""
CHATS = ("slack", "teams", "discord", "mattermost", "apprise")
"""Kinds of endpoints whose address is a secret. The API shows only the beginning of such an address."""
_MARKS = {"active": "on-track", "paused": "paused", "suspended": "breached", "gone": "breached"}
_DELIVERY_MARKS = {"delivered": "met", "waiting": "on-track", "failed": "breached"}


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """An address to which events are sent, as a row or as the head of its page."""

    endpoint_id: str
    title: str
    kind: str
    kind_name: str
    host: str
    url: str
    what: str
    test: str
    """What a test event makes at the receiver, in words."""
    mark: str
    state: str
    since: str
    reason: str
    is_active: bool
    is_stopped: bool
    """Whether the product stopped sending, because the address accepted nothing; False if somebody paused it."""


@dataclass(frozen=True, slots=True)
class WebhookStanding:
    """The state of an address in words: how many deliveries wait or have failed, and how the address has answered."""

    waiting: str
    failed: str
    last: str
    failing: str
    """Since when the address fails and when it is tried next; empty if the latest delivery was accepted."""
    secrets: Sequence[str]
    """For each secret in use, when it was made and when it ends."""


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """The delivery of one event, as a row."""

    delivery_id: str
    what: str
    created: str
    mark: str
    state: str
    answer: str
    attempts: int


def kinds_of_webhooks(reader: Reader) -> Mapping[str, str]:
    """Return kind of receiver → its name, for example ``teams`` → ``Microsoft Teams``."""
    return {
        "webhook": reader.gettext("a program of yours, by signed requests"),
        "pagerduty": reader.gettext("PagerDuty"),
        "alertmanager": reader.gettext("Alertmanager"),
        "slack": reader.gettext("Slack"),
        "teams": reader.gettext("Microsoft Teams"),
        "discord": reader.gettext("Discord"),
        "mattermost": reader.gettext("Mattermost"),
        "apprise": reader.gettext("an Apprise server"),
    }


def _test_in_words(reader: Reader, kind: str) -> str:
    if kind == "webhook":
        return reader.gettext(
            "A test event is sent to the address at once, signed like every other. It says that it is a test, and "
            "changes nothing here."
        )
    if kind == "alertmanager":
        return reader.gettext(
            "A test event opens an alert in Alertmanager, which may notify people. It says that it is a test, and "
            "ends by itself after five minutes."
        )
    if kind == "pagerduty":
        return reader.gettext(
            "A test event opens an alert of severity info in PagerDuty, which may notify people. It says that it is "
            "a test; resolve it there."
        )
    return reader.gettext("A test event is a message in the chat, which says that it is a test. Nothing changes here.")


def webhook_line(reader: Reader, endpoint: Mapping[str, Any]) -> WebhookLine:
    """Return an address as a row: its URL, the events that it gets, and whether events are sent to it now."""
    states = {
        "active": reader.gettext("gets events"),
        "paused": reader.gettext("paused, events wait"),
        "suspended": reader.gettext("stopped: nothing was accepted for days"),
        "gone": reader.gettext("stopped: the address wants no more"),
    }
    state, url = str(endpoint["state"]), str(endpoint["url"])
    return WebhookLine(
        endpoint_id=str(endpoint["endpoint_id"]),
        title=str(endpoint["title"]),
        kind=str(endpoint["kind"]),
        kind_name=kinds_of_webhooks(reader).get(str(endpoint["kind"]), str(endpoint["kind"])),
        host=urlsplit(url).hostname or url,
        url=url,
        what=_what(reader, endpoint),
        test=_test_in_words(reader, str(endpoint["kind"])),
        mark=_MARKS.get(state, "no-data"),
        state=states.get(state, state),
        since=moment_of(reader, endpoint["state_at"]),
        reason=str(endpoint["state_reason"]),
        is_active=state == "active",
        is_stopped=state in ("suspended", "gone"),
    )


def choice_of(event_types: Sequence[str]) -> str:
    """Return the key of the entry of CHOICES that has exactly these event types; empty if no entry has them."""
    wanted = frozenset(event_types)
    return next((key for key, types in CHOICES.items() if frozenset(types) == wanted), "")


def choices_in_words(reader: Reader, event_types: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return the choices of the form as pairs of key and words.

    If no entry of CHOICES has exactly ``event_types``, these types are one more choice, with an empty key.
    """
    found = [
        ("alarms", reader.gettext("risks and breaches")),
        ("breaches", reader.gettext("breaches")),
        ("all", reader.gettext("everything")),
    ]
    return found if choice_of(event_types) else [*found, ("", _types_in_words(reader, event_types))]


def empty_fields(reader: Reader, title: str, url: str, kind: str = "webhook") -> dict[str, str]:
    """Return the errors for fields that must not be empty: field → what to write. PagerDuty needs no address."""
    errors = {}
    if not title:
        errors["title"] = reader.gettext("Write what gets the events, such as On-call bridge.")
    if not url and kind != "pagerduty":
        errors["url"] = reader.gettext("Write the address to which events are sent.")
    return errors


def unkept_fields(reader: Reader, kind: str, url: str, secret: str) -> dict[str, str]:
    """Return field → message that its secret must be typed again.

    This is needed if the form is shown again, because the page leaves out secrets that were typed. ``url`` and
    ``secret`` are the typed texts, empty if nothing new was typed. For chats (see CHATS), the URL is a secret, too.
    """
    typed = {"url": url if kind in CHATS else "", "secret": secret}
    again = reader.gettext("Write it again: it is a secret, which this page does not keep.")
    return {name: again for name, value in typed.items() if value}


def _types_in_words(reader: Reader, event_types: Sequence[str]) -> str:
    return ", ".join(event_in_words(reader, each) for each in sorted(set(event_types)))


def _what(reader: Reader, endpoint: Mapping[str, Any]) -> str:
    types = endpoint["event_types"]
    what = dict(choices_in_words(reader, types))[choice_of(types)]
    if not any(endpoint[name] for name in FIELDS):
        return what
    return reader.gettext("%(what)s, of chosen agreements, services or companies only", what=what)


def webhook_columns(reader: Reader) -> list[Column[WebhookLine]]:
    """Return the columns of the list of addresses."""
    return [
        Column("title", reader.gettext("Name"), lambda line: line.title),
        Column("kind", reader.gettext("Sent to"), lambda line: line.kind_name),
        Column("host", reader.gettext("Address"), lambda line: line.host),
        Column("what", reader.gettext("What is sent"), lambda line: line.what),
        Column("state", reader.gettext("State"), lambda line: line.state),
        Column("since", reader.gettext("Since"), lambda line: line.since, is_natural=True),
    ]


def standing_of_webhook(reader: Reader, status: Mapping[str, Any]) -> WebhookStanding:
    """Return the state of an address in words: its waiting deliveries, since when it has failed, and its secrets."""
    failing = ""
    if status["failing_since"]:
        failing = reader.gettext(
            "since %(since)s, next attempt %(next)s",
            since=moment_of(reader, status["failing_since"]),
            next=moment_of(reader, status["next_attempt_at"]),
        )
    return WebhookStanding(
        waiting=reader.whole(int(status["waiting"])),
        failed=reader.whole(int(status["failed"])),
        last=moment_of(reader, status["last_delivered_at"]),
        failing=failing,
        secrets=[secret_in_words(reader, each) for each in status["secrets"]],
    )


def secret_in_words(reader: Reader, secret: Mapping[str, Any]) -> str:
    """Return when a secret was made and when it ends."""
    made = moment_of(reader, secret["made_at"])
    if secret["ends_at"] is None:
        return reader.gettext("made %(made)s", made=made)
    return reader.gettext("made %(made)s, ends %(ends)s", made=made, ends=moment_of(reader, secret["ends_at"]))


def delivery_line(reader: Reader, delivery: Mapping[str, Any]) -> DeliveryLine:
    """Return a delivery as a row: which event, when, and what the address answered."""
    states = {
        "delivered": reader.gettext("accepted"),
        "waiting": reader.gettext("waits"),
        "failed": reader.gettext("given up"),
    }
    state = str(delivery["state"])
    status = delivery["status"]
    answer = [reader.gettext("answer %(status)s", status=status) if status else "", str(delivery["problem"])]
    return DeliveryLine(
        delivery_id=str(delivery["delivery_id"]),
        what=event_in_words(reader, str(delivery["event_type"])),
        created=moment_of(reader, delivery["created_at"]),
        mark=_DELIVERY_MARKS.get(state, "no-data"),
        state=states.get(state, state),
        answer=" · ".join(each for each in answer if each),
        attempts=int(delivery["attempts"]),
    )
