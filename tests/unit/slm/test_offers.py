"""``slm invite`` invites a company of contracts on record; ``slm offer`` offers it the contracts one by one."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest
from rich.console import Console

from slm.reading import offers
from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.screen import Screen

COMPANIES = [
    {"party_id": "11", "key": "sky", "name": "Sky Compute"},
    {"party_id": "22", "key": "fog", "name": "Fog Storage"},
    {"party_id": "33", "key": "fog-2", "name": "Fog storage"},
]
INVITATION = {"alias": "Sky Compute", "email": "a@sky.example", "code": "slm_x", "link": "/invitations/slm_x"}
RECORDS: dict[str, dict[str, Any]] = {
    "cloud-3": {"agreement_id": "a3", "on_record": {}},
    "signed": {"agreement_id": "a4"},
}
REFUSAL = {"title": "Not possible in this state", "detail": "Sky Compute has not joined yet."}


class Server:
    """Answers like the API, and keeps the requests that change something."""

    def __init__(self, status: int = 201) -> None:
        self.status = status
        self.sent: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "GET":
            listed = COMPANIES if path.endswith("companies") else self._records(request.url.params["key"])
            return httpx.Response(200, json={"items": listed, "next": None})
        self.sent.append((path, json.loads(request.content)))
        if path.endswith("invitations"):
            return httpx.Response(201, json=INVITATION)
        if "a3" in path:
            return httpx.Response(self.status, json={"agreement_id": "new"} if self.status < 300 else REFUSAL)
        return httpx.Response(404, json={"title": "It does not exist", "detail": "No such agreement."})

    def api(self) -> ApiReader:
        return ApiReader("http://slm", "slm_key", transport=httpx.MockTransport(self))

    def _records(self, key: str) -> list[dict[str, Any]]:
        return [RECORDS[key]] if key in RECORDS else []


@pytest.mark.parametrize("named", ["sky", "11", "sky compute"])
def test_a_company_is_invited_by_key_id_or_name(named: str) -> None:
    server = Server()
    with server.api() as api:
        assert offers.invite_company(api, named, "a@sky.example") == INVITATION
    assert server.sent == [("/api/v1/invitations", {"named_company_id": "11", "email": "a@sky.example"})]


@pytest.mark.parametrize(("named", "said"), [("Fog Storage", "several companies"), ("rain", "no company")])
def test_a_company_that_is_not_clear_is_not_invited(named: str, said: str) -> None:
    with Server().api() as api, pytest.raises(NoAnswer, match=said):
        offers.invite_company(api, named, None)


def test_contracts_are_offered_by_key_or_id() -> None:
    server = Server()
    with server.api() as api:
        results = offers.offer_contracts(api, ["cloud-3", "a3", "signed"], "2026-12-31T17:00:00Z")
    assert [each.document()["agreement_id"] for each in results] == ["new", "new", None]
    body = {"answer_by": "2026-12-31T17:00:00Z"}
    paths = [f"/api/v1/recorded-agreements/{each}/offer" for each in ("a3", "a3", "signed")]
    assert server.sent == [(path, body) for path in paths]


def test_a_refused_contract_keeps_no_other_from_being_offered() -> None:
    with Server(409).api() as api:
        results = offers.offer_contracts(api, ["cloud-3", "unknown"], None)
    assert ["has not joined" in results[0].problem, "No such agreement" in results[1].problem] == [True, True]


def test_a_key_that_may_not_offer_ends_the_command() -> None:
    with Server(403).api() as api, pytest.raises(NoAnswer):
        offers.offer_contracts(api, ["cloud-3"], None)


def test_what_was_done_is_shown() -> None:
    file = io.StringIO()
    screen = Screen(Console(file=file, width=120, force_terminal=True, color_system=None))
    offers.show_invitation(screen, "http://slm/", INVITATION)
    offers.show_invitation(screen, "http://slm", {**INVITATION, "code": None})
    offers.show_offers(screen, [offers.OfferResult("cloud-3", {"agreement_id": "new"})])
    shown = file.getvalue()
    assert "http://slm/invitations/slm_x" in shown
    assert "is invited by a mail to a@sky.example" in shown
    assert "cloud-3" in shown and "new" in shown
