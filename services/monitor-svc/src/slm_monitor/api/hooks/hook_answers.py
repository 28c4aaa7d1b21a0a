"""Answers about hooks: connectors, hooks with their secrets, calls and previews."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.intake import ItemFault
from slm_monitor.api.responses.shapes import Document, Instant

AuthenticationKind = Literal["hmac-sha256", "hmac-sha1", "bearer", "basic", "query"]
CallOutcome = Literal["accepted", "refused", "ignored", "unsigned", "paused", "test"]


class HookAuthenticationAnswer(Answer):
    """The way in which a tool proves, when it calls a hook, that the call comes from this tool."""

    kind: AuthenticationKind
    """`hmac-sha256` and `hmac-sha1`: the secret signs the body; `bearer` and `basic`: the secret is sent; `query`: the
    secret is the parameter `secret` of the address
    """
    header: str
    """Name of the header with the signature, the token or the credentials"""
    user: str
    """User name for `basic`; empty for the other kinds"""


class ConnectorAnswer(Answer):
    """A connector: a tool whose webhooks monitor-svc can read, with the mapping that reads them."""

    name: str
    """Name of the connector"""
    title: str
    """Name of the tool"""
    kind: Literal["tickets", "outages"]
    """What the mapping reads in a payload"""
    source: str
    """The name under which its facts are kept, unless a hook says otherwise"""
    authentication: HookAuthenticationAnswer
    """How the tool proves that it is the caller"""
    mapping: str
    """The mapping, YAML"""
    guide: str
    """How to set up the tool, as Markdown"""
    examples: Document
    """Example payloads: name → JSON text"""


class HookAnswer(Answer):
    """A hook: a web address that a party gives to a tool. The tool sends its tickets or outages to this address."""

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
    """Whether the hook is paused: calls are refused"""
    created_at: Instant
    """When the hook was made"""
    created_by_principal_id: str
    """Id of the principal that made the hook"""


class LastHookCall(Answer):
    """When a hook was called last, and what became of the call."""

    call_id: str
    """Id of the call (UUID)"""
    at: Instant
    """When the call was answered"""
    status: int
    """HTTP status of the answer"""
    outcome: CallOutcome
    """`unsigned`: the caller did not prove that it is the tool; `test`: an example payload that was only read"""


class ListedHook(HookAnswer):
    """A hook with its last call. A hook is a web address that a party gives to a tool."""

    last_call: LastHookCall | None
    """The latest of the calls that are kept; null: the hook was never called"""


class HookSecretAnswer(Answer):
    """A secret of a hook: its id and its times. The secret itself is not shown."""

    secret_id: str
    """Id of the secret (UUID)"""
    made_at: Instant
    """When the secret was made"""
    ends_at: Instant | None
    """When the secret becomes invalid; null for the newest, which has no end"""


class HookWithSecrets(HookAnswer):
    """A hook, with the instants at which each of its secrets was made and becomes invalid. The secrets themselves are
    not shown.
    """

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
    """A ticket that the payload of a call contains, and the new ticket events that were derived from the payload."""

    number: str
    """Number of the ticket in its tool"""
    events: list[Document]
    """The events that were new, each with `event`, `at` and `id`; empty if the call brings nothing new"""
    position: str
    """Position after the events: a read with `min_position` set to this value waits until they are evaluated; empty
    without events
    """


class HookReceipt(Answer):
    """The answer to a call of a hook. Facts that it reports as accepted are durable."""

    call_id: str
    """Id of the call in the hook's log (UUID)"""
    outcome: Literal["accepted", "ignored"]
    """`ignored`: the payload is of a kind that the mapping does not read"""
    tickets: list[HookTicketReceipt]
    """The tickets of the payload"""
    accepted: int
    """Number of measurements that were accepted"""
    quarantined: int
    """Number of measurements that went to the quarantine, such as those of an indicator that is not registered"""
    position: str
    """Position after the measurements: a read with `min_position` set to this value waits until they are evaluated;
    empty without measurements
    """
    notes: list[str]
    """What the mapping leaves out, and why"""
    errors: list[ItemFault]
    """The fields that could not be taken in, each with value and remedy"""


class HookCallAnswer(Answer):
    """A call of a hook, with the answer to it."""

    call_id: str
    """Id of the call (UUID)"""
    at: Instant
    """When the call was answered"""
    status: int
    """HTTP status of the answer"""
    outcome: CallOutcome
    """`unsigned`: the caller did not prove that it is the tool; `test`: an example payload that was only read"""
    detail: Document
    """The answer, as the caller got it"""
    payload: str | None
    """Body of the call; null if not kept: it is kept for the last 20 calls, unless a call is unsigned or too large"""


class HookCallLog(Answer):
    """The log of a hook's calls."""

    items: list[HookCallAnswer]
    """The last 100 calls, the latest first; at most 20 of them are unsigned"""


class ShownTicketAnswer(Answer):
    """A ticket as a mapping reads it in a payload."""

    number: str
    """Number of the ticket in its tool"""
    updated_at: Instant
    """When the ticket changed to the content that the payload shows"""
    opened_at: Instant | None
    """When the ticket was opened; null if the payload does not say"""
    state: str | None
    """State of the ticket, in the name that the mapping gives it; null if the payload does not say"""
    state_event: str | None
    """Event that entering the state means, such as `resolved`"""
    instants: Document
    """Event → instant at which it happened; null: it has not happened"""
    attributes: Document
    """Type, priority and other attributes, by which targets choose tickets; null removes an attribute"""


class HookPreview(Answer):
    """What a mapping reads in a payload."""

    tickets: list[ShownTicketAnswer]
    """The tickets that the mapping finds"""
    measurements: list[dict[str, Any]]
    """The measurements that the mapping finds, in the form of `POST /api/v1/measurements`"""
    notes: list[str]
    """What the mapping leaves out, and why"""
    errors: list[ItemFault]
    """Why the payload cannot be read: field, value and remedy; empty if it can"""


class TestedHook(HookPreview):
    """What a hook's mapping reads in an example payload."""

    call_id: str
    """Id of the entry in the hook's log (UUID)"""
