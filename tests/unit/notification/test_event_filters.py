"""Each party gets exactly the events that the live stream shows it: tried with every published event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slm_chassis.access import Principal
from slm_chassis.log.port import StoredRecord
from slm_events import envelope
from slm_events.envelope import Envelope, from_json
from slm_monitor.application.stream.event_stream import StreamFilter, convert_record_to_stream_event
from slm_notification.api.shapes import url_without_secrets
from slm_notification.application.hearing import heard_event
from slm_notification.domain.endpoints import SENT, EventFilter, HeardEvent, WebhookEndpoint

SAMPLES = Path(__file__).parents[1] / "events" / "samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.json") if path.stem in SENT)
STRANGER = "99999999-9999-4999-8999-999999999999"


def endpoint(party_id: str, **wanted: Any) -> WebhookEndpoint:
    return WebhookEndpoint(
        endpoint_id="11111111-1111-4111-8111-111111111111",
        party_id=party_id,
        title="",
        url="https://x.example/",
        wanted=EventFilter(**wanted),
        state="active",
        state_reason="",
        state_at=0,
        failures=0,
        failing_since=None,
        retry_at=None,
        version=1,
        created_at=0,
        created_by_principal_id="p",
    )


def sample(name: str, **changed: Any) -> Envelope:
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    data = from_json(SENT[document["type"]].event, {**document["data"], **changed})
    return Envelope(
        id=document["id"],
        source=document["source"],
        type=document["type"],
        subject=document["subject"],
        time=document["time"],
        recorded_at=document["recordedtime"],
        correlation_id=document.get("correlationid"),
        data=data,
    )


def heard(event: Envelope) -> HeardEvent:
    return heard_event(event, 0)


def parties_of(event: Envelope) -> list[str]:
    row = SENT[event.type]
    return [party for name in row.parties if (party := getattr(event.data, name))]


def streamed(event: Envelope, party_id: str) -> bool:
    """Whether the live stream of monitor-svc shows the event to somebody of the party."""
    record = StoredRecord("t", 0, 0, "k", envelope.to_json(event.data), envelope.to_headers(event), 0)
    shown = convert_record_to_stream_event(record)
    assert shown is not None
    return StreamFilter(Principal("p", party_id, "p", frozenset({"viewer"}))).passes(shown)


def versions(name: str) -> list[Envelope]:
    """The event as it is, and hidden from each of its parties where it can be."""
    plain = sample(name)
    if not hasattr(plain.data, "hidden_from_party_id"):
        return [plain]
    return [plain, *(sample(name, hidden_from_party_id=party) for party in parties_of(plain))]


def test_there_is_a_sample_of_every_event_that_is_sent() -> None:
    assert set(NAMES) == set(SENT)


@pytest.mark.parametrize("name", NAMES)
def test_a_party_gets_what_the_live_stream_shows_it_and_nothing_else(name: str) -> None:
    for event in versions(name):
        parties = parties_of(event)
        assert parties
        for party_id in (*parties, STRANGER):
            assert endpoint(party_id).wants(heard(event)) is streamed(event, party_id), party_id
        assert not endpoint(STRANGER).wants(heard(event))


def test_a_hidden_risk_goes_to_one_side_only() -> None:
    provider, customer = parties_of(sample("slm.monitor.target-at-risk.v1"))
    event = heard(sample("slm.monitor.target-at-risk.v1", hidden_from_party_id=customer))
    assert (endpoint(provider).wants(event), endpoint(customer).wants(event)) == (True, False)
    # The provider may still choose its customer's events.
    assert endpoint(provider, other_party_ids=[customer]).wants(event)


@pytest.mark.parametrize("name", NAMES)
def test_the_body_is_the_cloud_event(name: str) -> None:
    body = json.loads(heard(sample(name)).body)
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    assert body["data"] | document["data"] == body["data"]
    for attribute in ("specversion", "id", "type", "source", "subject", "time", "datacontenttype"):
        assert body[attribute] == document[attribute]


def test_filters_narrow() -> None:
    event = sample("slm.monitor.target-breached.v1")
    provider, customer = parties_of(event)
    right = {
        "event_types": ["slm.monitor.target-breached.v1"],
        "agreement_ids": [event.data.agreement_id],
        "service_ids": [event.data.service_id],
        "other_party_ids": [customer],
    }
    assert endpoint(provider, **right).wants(heard(event))
    for name in right:
        assert not endpoint(provider, **{**right, name: ["something else"]}).wants(heard(event)), name
    assert not endpoint(provider, other_party_ids=[provider]).wants(heard(event))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example/services/T0/B1/secret?x=1", "https://hooks.example/…"),
        ("https://hooks.example:8443/", "https://hooks.example:8443/"),
        ("https://hooks.example?token=1", "https://hooks.example/…"),
    ],
)
def test_a_path_is_shown_as_a_secret(url: str, shown: str) -> None:
    assert url_without_secrets(url) == shown
