"""The use cases of webhook endpoints: make, change and remove them, replace secrets, test, send again, replay."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from slm_chassis.access import Principal
from slm_chassis.clock import SECOND, real_now
from slm_chassis.identity import NewId
from slm_events.instants import UtcMicroseconds, to_text
from slm_notification.application.ports import Courier, NewDelivery, NotificationDesk, NotificationLedger
from slm_notification.domain import channels
from slm_notification.domain.endpoints import (
    MOST_OF_A_PARTY,
    TEST_EVENT,
    EndpointKind,
    EventFilter,
    HeardEvent,
    WebhookEndpoint,
    changed_endpoint,
    delivery_id_of,
)
from slm_notification.domain.errors import EndpointGone, NotAcceptable, NotFound, TooManyEndpoints, WithoutParty
from slm_notification.domain.signatures import SECRET_BYTES, WebhookSecret, secret_text

MOST_REPLAYED = 10_000
"""The number of stored events that one replay reads. If the last event shares its instant with further events, these
are read too. The events that the endpoint wants are sent again.
"""
_KIND = "webhook endpoint"


@dataclass(frozen=True, slots=True)
class WebhookOffice:
    """The parts that the use cases need: storage, the check of URLs, new ids and random bytes."""

    desk: NotificationDesk
    courier: Courier
    new_id: NewId
    random: Callable[[int], bytes]
    source: str
    """``source`` of the events that test an endpoint."""


@dataclass(frozen=True, slots=True)
class EndpointDetails:
    """The fields of an endpoint that a user chooses."""

    title: str
    url: str
    """Empty: the usual address of the tool, if the tool has one."""
    wanted: EventFilter
    is_paused: bool
    kind: EndpointKind | None = None
    """None: a new endpoint gets webhooks, and a known one keeps its kind."""
    secret: str | None = field(default=None, repr=False)
    """The key or the header by which a tool lets this installation in; None for signed webhooks."""


@dataclass(frozen=True, slots=True)
class ReplayedEvents:
    """The result of a replay: how many deliveries are sent again, and which interval the replay covers."""

    deliveries: int
    until: UtcMicroseconds
    """The replay covers the events that were recorded before this instant."""
    is_whole: bool
    """Whether the replay covers the whole interval asked for; if not, ask again from ``until``."""


async def make_endpoint(
    office: WebhookOffice, caller: Principal, details: EndpointDetails
) -> tuple[WebhookEndpoint, WebhookSecret | None]:
    """Make an endpoint of the caller's party and return it with its secret, if it has one.

    Raises WithoutParty, NotAcceptable and TooManyEndpoints.
    """
    if caller.party_id is None:
        raise WithoutParty("An operator has no party whose events could be sent.")
    kind = details.kind or "webhook"
    channels.check_secret(kind, details.secret, is_new=True)
    url = channels.address_of(kind, details.url)
    await _check_url(office, url)
    async with office.desk.begin() as ledger:
        await ledger.lock(f"webhook endpoints of {caller.party_id}")
        if await ledger.count_endpoints(caller.party_id) >= MOST_OF_A_PARTY:
            raise TooManyEndpoints(f"A party has at most {MOST_OF_A_PARTY} endpoints.")
        endpoint = WebhookEndpoint(
            endpoint_id=office.new_id(),
            party_id=caller.party_id,
            kind=kind,
            title=details.title,
            url=url,
            wanted=details.wanted,
            state="paused" if details.is_paused else "active",
            state_reason="",
            state_at=ledger.now,
            failures=0,
            failing_since=None,
            retry_at=None,
            version=1,
            created_at=ledger.now,
            created_by_principal_id=caller.principal_id,
        )
        await ledger.put_endpoint(endpoint)
        secret = await _put_secret(office, ledger, endpoint, details.secret)
        await ledger.note(caller, "webhook-endpoint.make", endpoint.endpoint_id)
        return endpoint, secret


async def change_endpoint(
    office: WebhookOffice,
    caller: Principal,
    endpoint_id: str,
    details: EndpointDetails,
    unless_changed: Callable[[WebhookEndpoint], None],
) -> WebhookEndpoint:
    """Change title, URL and filter of an endpoint, pause it, or make it active. Raises NotFound and NotAcceptable.

    The kind cannot be changed. Whoever changes the address of a tool must give its secret again, so that nobody learns
    the secret by having it sent to an address of their own.

    If the endpoint is active afterwards, its waiting deliveries are due at once, even after failed attempts.
    ``unless_changed`` raises if the endpoint has changed since the caller read it.
    """
    async with office.desk.begin() as ledger:
        known = await _own_endpoint(ledger, caller, endpoint_id)
    # Outside of the transaction, since resolving a name may take seconds. An unchanged URL is not checked here but
    # before each sending, so that an endpoint can be paused while its name cannot be resolved.
    if details.kind not in (None, known.kind):
        raise NotAcceptable("kind", details.kind, f"leave it at {known.kind}, or make another endpoint")
    url = channels.changed_address(known, details.url)
    if url != known.url:
        await _check_url(office, url)
    async with office.desk.begin() as ledger:
        endpoint = await _own_endpoint(ledger, caller, endpoint_id)
        unless_changed(endpoint)
        changed = changed_endpoint(endpoint, details.title, url, details.wanted, details.is_paused, ledger.now)
        await ledger.put_endpoint(changed)
        if details.secret is not None or (changed.kind != "webhook" and changed.url != endpoint.url):
            channels.check_secret(changed.kind, details.secret, is_new=True)
            await _put_secret(office, ledger, changed, details.secret)
        if changed.state == "active":
            await ledger.hasten_deliveries(endpoint_id, real_now())
        await ledger.note(caller, "webhook-endpoint.change", endpoint_id, {"state": changed.state})
        return changed


async def remove_endpoint(office: WebhookOffice, caller: Principal, endpoint_id: str) -> None:
    """Remove an endpoint; its waiting deliveries are not sent any more. Raises NotFound."""
    async with office.desk.begin() as ledger:
        await _own_endpoint(ledger, caller, endpoint_id)
        await ledger.remove_endpoint(endpoint_id)
        await ledger.note(caller, "webhook-endpoint.remove", endpoint_id)


async def replace_secret(
    office: WebhookOffice, caller: Principal, endpoint_id: str, overlap_seconds: int, given: str | None = None
) -> tuple[WebhookEndpoint, WebhookSecret]:
    """Give an endpoint a new secret. For ``overlap_seconds`` the earlier secrets sign as well.

    ``given``: the secret of a tool, which takes the place of the earlier secret at once. Raises NotFound and
    NotAcceptable.
    """
    async with office.desk.begin() as ledger:
        endpoint = await _own_endpoint(ledger, caller, endpoint_id)
        channels.check_secret(endpoint.kind, given, is_new=False)
        overlap = overlap_seconds if given is None else 0
        secret = await _put_secret(office, ledger, endpoint, given, overlap)
        assert secret is not None
        await ledger.note(caller, "webhook-endpoint.replace-secret", endpoint_id)
        return endpoint, secret


async def send_test(office: WebhookOffice, caller: Principal, endpoint_id: str) -> str:
    """Store a test event with a delivery to this endpoint alone, and return the delivery's id. Raises NotFound and
    EndpointGone.
    """
    async with office.desk.begin() as ledger:
        endpoint = await _usable_endpoint(ledger, caller, endpoint_id)
        event = _test_event(office, endpoint, ledger.now)
        await ledger.keep_events([event])
        await ledger.add_deliveries([NewDelivery(endpoint, event)], real_now())
        return delivery_id_of(endpoint_id, event.event_id)


async def resend(office: WebhookOffice, caller: Principal, delivery_id: str) -> None:
    """Let a delivery be sent again now, under its own id, whatever its state. Raises NotFound and EndpointGone."""
    async with office.desk.begin() as ledger:
        party_id = None if caller.is_operator else caller.party_id or ""
        endpoint_id = await ledger.endpoint_id_of(delivery_id, party_id)
        if endpoint_id is None:
            raise NotFound("webhook delivery", delivery_id)
        await _usable_endpoint(ledger, caller, endpoint_id)
        await ledger.repeat_deliveries([delivery_id], real_now())
        await ledger.note(caller, "webhook-delivery.resend", delivery_id)


async def replay(
    office: WebhookOffice, caller: Principal, endpoint_id: str, since: UtcMicroseconds, until: UtcMicroseconds | None
) -> ReplayedEvents:
    """Let the stored events that the endpoint wants be sent again, if they were recorded in ``[since, until)``.

    ``until`` is by default now. Raises NotFound, NotAcceptable and EndpointGone.
    """
    async with office.desk.begin() as ledger:
        endpoint = await _usable_endpoint(ledger, caller, endpoint_id)
        end = ledger.now if until is None else min(until, ledger.now)
        if since >= end:
            raise NotAcceptable("from", to_text(since), "write an instant that is past, and before `until`")
        events = await ledger.kept_events(endpoint.party_id, since, end, MOST_REPLAYED)
        covered = events[-1].recorded_at + 1 if len(events) >= MOST_REPLAYED else end
        is_whole = not await ledger.has_kept_event(endpoint.party_id, covered, end)
        wanted = [each for each in events if channels.wants(endpoint, each)]
        due_at = real_now()
        await ledger.add_deliveries([NewDelivery(endpoint, each) for each in wanted], due_at)
        ids = [delivery_id_of(endpoint_id, each.event_id) for each in wanted]
        count = await ledger.repeat_deliveries(ids, due_at)
        await ledger.note(caller, "webhook-endpoint.replay", endpoint_id, {"from": to_text(since)})
        return ReplayedEvents(count, end if is_whole else covered, is_whole)


async def _own_endpoint(ledger: NotificationLedger, caller: Principal, endpoint_id: str) -> WebhookEndpoint:
    endpoint = await ledger.endpoint(endpoint_id)
    if endpoint is None or not caller.may_see(endpoint.party_id):
        raise NotFound(_KIND, endpoint_id)
    return endpoint


async def _usable_endpoint(ledger: NotificationLedger, caller: Principal, endpoint_id: str) -> WebhookEndpoint:
    endpoint = await _own_endpoint(ledger, caller, endpoint_id)
    if endpoint.state == "gone":
        raise EndpointGone("The receiver answered 410 Gone, so nothing is sent to it.")
    return endpoint


async def _check_url(office: WebhookOffice, url: str) -> None:
    if (reason := await office.courier.check(url)) is not None:
        raise NotAcceptable("url", url, f"give another URL: {reason}")


async def _put_secret(
    office: WebhookOffice, ledger: NotificationLedger, endpoint: WebhookEndpoint, given: str | None, overlap: int = 0
) -> WebhookSecret | None:
    """Store the secret of an endpoint and return it. The earlier secrets end after ``overlap`` seconds.

    ``given``: the secret of a tool. If it is None, an endpoint for signed webhooks gets a new secret; for a tool,
    nothing is stored and None is returned.
    """
    now = real_now()
    await ledger.end_secrets(endpoint.endpoint_id, now + overlap * SECOND)
    if given is None and endpoint.kind != "webhook":
        return None
    text = given or secret_text(office.random(SECRET_BYTES))
    secret = WebhookSecret(office.new_id(), endpoint.endpoint_id, text, now, None)
    await ledger.put_secret(secret)
    return secret


def _test_event(office: WebhookOffice, endpoint: WebhookEndpoint, now: UtcMicroseconds) -> HeardEvent:
    event_id = office.new_id()
    document = {
        "specversion": "1.0",
        "id": event_id,
        "type": TEST_EVENT,
        "source": office.source,
        "subject": endpoint.endpoint_id,
        "time": to_text(now),
        "datacontenttype": "application/json",
        "data": {"endpoint_id": endpoint.endpoint_id, "text": "This is a test. There is nothing to do."},
    }
    return HeardEvent(
        event_id=event_id,
        event_type=TEST_EVENT,
        agreement_id=None,
        service_id=None,
        # No party may see the test event, because a replay to another endpoint must not contain it.
        party_ids=(),
        named_party_ids=(),
        recorded_at=now,
        body=json.dumps(document, separators=(",", ":")),
    )
