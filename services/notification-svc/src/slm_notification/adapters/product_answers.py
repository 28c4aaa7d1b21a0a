"""The client that reads, for Monday mails, what a person may see in the product.

It sends requests to the REST APIs of the services, with a token that may only read, and only what the person may read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from slm_chassis.access_registry import AccessUnavailable
from slm_chassis.http.peers import Peer, PeerUnavailable
from slm_chassis.reading_tokens import AnnouncedSigner
from slm_events.instants import to_text
from slm_notification.application.week_ports import AnswersUnavailable, DueWeek
from slm_notification.domain.weeks import DAYS_AHEAD, ServiceAnswers, Week

_SUMMARY, _BREACHES, _EXCLUSIONS = "/api/v1/summary", "/api/v1/breaches", "/api/v1/exclusions"
_AGREEMENTS, _AGREEMENT_SUMMARY, _REVIEWS = "/api/v1/agreements", "/api/v1/agreement-summary", "/api/v1/reviews"
REQUESTS = tuple(
    f"GET {path}" for path in (_SUMMARY, _BREACHES, _EXCLUSIONS, _AGREEMENTS, _AGREEMENT_SUMMARY, _REVIEWS)
)
"""The only requests that a token for a Monday mail allows."""
_LIMIT = "500"
_MOST_PAGES = 20
Item = Mapping[str, Any]
Parameters = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Peers:
    """The services to which requests are sent."""

    agreement: Peer
    monitor: Peer
    review: Peer


@dataclass(frozen=True, slots=True)
class _Requests:
    """The requests that are sent on behalf of one person."""

    peers: Peers
    key: str

    async def one(self, peer: Peer, path: str, parameters: Parameters) -> Item:
        """Return the answer to a request; raises AnswersUnavailable."""
        try:
            answer = await peer.get(path, parameters, self.key)
        except PeerUnavailable as away:
            raise AnswersUnavailable(str(away)) from away
        if answer.status_code != httpx.codes.OK:
            raise AnswersUnavailable(f"{peer.context}-svc answered {answer.status_code} to {path}")
        found: Item = json.loads(answer.content)
        return found

    async def all(self, peer: Peer, path: str, parameters: Parameters) -> list[Item]:
        """Return all items of a list; raises AnswersUnavailable."""
        items: list[Item] = []
        cursor: Mapping[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = await self.one(peer, path, {"limit": _LIMIT, **parameters, **cursor})
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = {"cursor": page["next"]}
        raise AnswersUnavailable(f"{peer.context}-svc lists too much at {path}")


class ProductAnswers:
    """The client of the services' APIs; implements ``application.week_ports.Product``."""

    def __init__(self, peers: Peers, signer: AnnouncedSigner) -> None:
        self._peers = peers
        self._signer = signer

    async def answers(self, due: DueWeek, week: Week) -> Sequence[ServiceAnswers]:
        """Return the answers about the services that the person still sees; raises AnswersUnavailable."""
        if due.principal_id is None:
            return []
        try:
            key = await self._signer.reading_token(due.principal_id, REQUESTS)
        except AccessUnavailable as away:
            raise AnswersUnavailable(str(away)) from away
        requests = _Requests(self._peers, key)
        summary, agreements, reviews, exclusions = await asyncio.gather(
            requests.one(
                self._peers.monitor,
                _SUMMARY,
                {"timezone": due.time_zone, "limit": "200", "service_id": list(due.service_ids)},
            ),
            requests.one(self._peers.agreement, _AGREEMENT_SUMMARY, {"days": str(DAYS_AHEAD), "include": ["services"]}),
            requests.all(self._peers.review, _REVIEWS, {"state": "scheduled"}),
            requests.all(self._peers.monitor, _EXCLUSIONS, {"kind": "planned"}),
        )
        known = {each["service_id"]: each for each in agreements["services"]["items"]}
        states = {each["service_id"]: each for each in summary["services"]}
        told = []
        for service_id in (each for each in due.service_ids if each in states):
            state, own = states[service_id], {"service_id": service_id}
            span = {"from": to_text(week.last_starts_at), "to": to_text(week.starts_at)}
            breaches, signed = await asyncio.gather(
                requests.all(self._peers.monitor, _BREACHES, {**own, **span, "standing": "true"}),
                requests.all(self._peers.agreement, _AGREEMENTS, own),
            )
            ids = {each["agreement_id"] for each in signed}
            service = known.get(service_id, {})
            told.append(
                ServiceAnswers(
                    service_id=service_id,
                    name=service.get("name") or state["service_name"] or "A service",
                    outcome=service.get("outcome") or "",
                    months=summary["months"],
                    state=state,
                    breaches=breaches,
                    exclusions=[each for each in exclusions if _concerns(each, ids, service_id)],
                    reviews=[each for each in reviews if each["agreement_id"] in ids],
                    endings=[each for each in agreements["ending"] if each["agreement_id"] in ids],
                )
            )
        return told


def _concerns(exclusion: Item, agreement_ids: set[str], service_id: str) -> bool:
    services = exclusion["services"]
    return exclusion["agreement_id"] in agreement_ids and (not services or service_id in services)
