"""Answers about hooks: connectors, hooks with their secrets, calls and previews."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.intake import ItemFault
from slm_monitor.api.responses.shapes import Document, Instant

AuthenticationKind = Literal["hmac-sha256", "hmac-sha1", "bearer", "basic"]


class HookAuthenticationAnswer(Answer):
    """How a caller of a hook proves that it is the tool."""

    kind: AuthenticationKind
    """`hmac-sha256` and `hmac-sha1`: the secret signs the body; `bearer` and `basic`: the secret is sent"""
    header: str
    """The header with the signature, the token or the credentials"""
    user: str
    """The user's name of `basic`; empty for the others"""


class ConnectorAnswer(Answer):
    """A tool whose webhooks are understood."""

    name: str
    """Name of the connector"""
    title: str
    """Name of the tool"""
    kind: Literal["tickets", "outages"]
    """What its mapping reads"""
    source: str
    """The name under which its facts are kept, unless a hook says otherwise"""
    authentication: HookAuthenticationAnswer
    """How the tool proves itself"""
    mapping: str
    """The mapping, YAML"""
    guide: str
    """How to set the tool up, Markdown"""
    examples: Document
    """Example payloads: name → JSON text"""


class HookAnswer(Answer):
    """An address that a tool calls."""

    hook_id: str
    """Id of the hook: the last part of its address, which cannot be guessed"""
    party_id: str
    """Id of the party whose facts the calls bring"""
    path: str
    """Path of the address that the tool calls, below the address of this installation"""
    title: str
    """What the hook is for, in the party's words"""
    connector: str
    """Name of the connector"""
    source: str
    """The name of the tool in tickets and measurements"""
    mapping: str
    """The mapping, YAML"""
    authentication: HookAuthenticationAnswer
    """How a caller proves that it is the tool"""
    paused: bool
    """Whether calls are refused for now"""
    created_at: Instant
    """When the hook was made"""
    created_by_principal_id: str
    """Id of the principal that made the hook"""


class HookSecretAnswer(Answer):
    """A secret of a hook, without its text."""

    secret_id: str
    """Id of the secret (UUID)"""
    made_at: Instant
    """When the secret was made"""
    ends_at: Instant | None
    """From when on the secret proves nothing any more; null for the newest, which has no end"""


class HookWithSecrets(HookAnswer):
    """An address that a tool calls, with the times of its secrets."""

    secrets: list[HookSecretAnswer]
    """The secrets, the newest first; their texts are shown only when they are made"""


class IssuedHook(HookAnswer):
    """A new hook, with its secret."""

    secret_id: str
    """Id of the secret (UUID)"""
    secret: str
    """The secret: shown only in this answer"""


class IssuedHookSecret(Answer):
    """A new secret of a hook."""

    hook_id: str
    """Id of the hook"""
    secret_id: str
    """Id of the secret (UUID)"""
    secret: str
    """The secret: shown only in this answer"""


class HookTicketReceipt(Answer):
    """A ticket of a call, and the events that follow from it."""

    number: str
    """Number of the ticket in its tool"""
    events: list[Document]
    """The events that were new, each with `event`, `at` and `id`; empty if the call brings nothing new"""
    position: str
    """Read with `min_position=` this to see the events judged; empty without events"""


class HookReceipt(Answer):
    """Our answer to a call. What it accepted is durable."""

    call_id: str
    """Id of the call in the hook's log (UUID)"""
    outcome: Literal["accepted", "ignored"]
    """`ignored`: the payload is none that the mapping reads"""
    tickets: list[HookTicketReceipt]
    """The tickets of the payload"""
    accepted: int
    """Number of measurements that were accepted"""
    quarantined: int
    """Number of measurements that were set aside, such as those of an indicator that is not registered"""
    position: str
    """Read with `min_position=` this to see the measurements judged; empty without measurements"""
    notes: list[str]
    """What the mapping leaves out, and why"""
    errors: list[ItemFault]
    """What could not be taken in: field, value and remedy"""


class HookCallAnswer(Answer):
    """A call of a hook, with our answer."""

    call_id: str
    """Id of the call (UUID)"""
    at: Instant
    """When the call was answered"""
    status: int
    """HTTP status of our answer"""
    outcome: Literal["accepted", "refused", "ignored", "unsigned", "paused", "test"]
    """`unsigned`: the caller did not prove to be the tool; `test`: a payload that was only tried"""
    detail: Document
    """The answer, as the caller got it"""
    payload: str | None
    """What was sent; null if it is not kept: only of the last 20 calls, and of none that is unsigned or too large"""


class HookCallLog(Answer):
    """The log of a hook's calls."""

    items: list[HookCallAnswer]
    """The last 100 calls, the latest first; at most 20 of them are unsigned"""


class ShownTicketAnswer(Answer):
    """A ticket as a mapping reads it in a payload."""

    number: str
    """Number of the ticket in its tool"""
    updated_at: Instant
    """From when on the ticket is as it is shown"""
    opened_at: Instant | None
    """When it was opened; null if the payload does not say"""
    state: str | None
    """Our name of its state; null if the payload does not say"""
    state_event: str | None
    """What entering the state means, such as `resolved`"""
    instants: Document
    """Event → when it happened; null: it has not happened"""
    attributes: Document
    """Type, priority and further attributes by which targets and clocks choose; null removes one"""


class HookPreview(Answer):
    """What a mapping reads in a payload."""

    tickets: list[ShownTicketAnswer]
    """The tickets that it finds"""
    measurements: list[dict[str, Any]]
    """The measurements that it finds, as `POST /api/v1/measurements` takes them"""
    notes: list[str]
    """What the mapping leaves out, and why"""
    errors: list[ItemFault]
    """Why the payload cannot be read: field, value and remedy; empty if it can"""


class TestedHook(HookPreview):
    """What a hook's mapping reads in an example payload."""

    call_id: str
    """Id of the entry in the hook's log (UUID)"""
