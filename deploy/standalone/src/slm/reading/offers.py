"""``slm invite`` and ``slm offer``: a company of contracts on record is invited, and offered the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.screen import Cell, Screen, TableColumn

_COLUMNS = [TableColumn("Contract"), TableColumn("Offered as"), TableColumn("What is wrong")]


@dataclass(frozen=True, slots=True)
class OfferResult:
    """The result of offering one contract: the new agreement, or why the contract cannot be offered."""

    named: str
    agreement: dict[str, Any] | None
    problem: str = ""

    def document(self) -> dict[str, Any]:
        """Return the result as JSON."""
        agreement_id = None if self.agreement is None else self.agreement["agreement_id"]
        return {"contract": self.named, "agreement_id": agreement_id, "problem": self.problem}


def invite_company(api: ApiReader, named: str, email: str | None) -> dict[str, Any]:
    """Invite the named company with this id, key or name, and return the invitation. Raises NoAnswer."""
    found = [
        each
        for each in api.items("/api/v1/named-companies")
        if named in (each["party_id"], each["key"]) or named.casefold() == each["name"].casefold()
    ]
    if len(found) != 1:
        many = "several companies" if found else "no company"
        raise NoAnswer(f"{many} of your contracts on record named {named!r}: give the key of one of them")
    body = {"named_company_id": found[0]["party_id"], **({} if email is None else {"email": email})}
    return api.document(_post(api, "/api/v1/invitations", body))


def offer_contracts(api: ApiReader, named: Sequence[str], answer_by: str | None) -> list[OfferResult]:
    """Offer the contracts on record with these keys or ids; a refused one keeps no other from being offered.

    Raises NoAnswer if the server cannot be reached or refuses the key.
    """
    body = {} if answer_by is None else {"answer_by": answer_by}
    return [_offer(api, each, body) for each in named]


def _offer(api: ApiReader, named: str, body: Mapping[str, str]) -> OfferResult:
    records = [each for each in api.items("/api/v1/agreements", {"key": named}) if "on_record" in each]
    record_id = records[0]["agreement_id"] if len(records) == 1 else named
    answer = _post(api, f"/api/v1/recorded-agreements/{record_id}/offer", body)
    try:
        return OfferResult(named, api.document(answer))
    except NoAnswer as refused:
        if answer.status_code not in (404, 409, 422):
            raise
        return OfferResult(named, None, str(refused))


def _post(api: ApiReader, path: str, body: Mapping[str, str]) -> httpx.Response:
    try:
        return api.client.post(path, json=dict(body))
    except httpx.HTTPError as problem:
        raise api.away(problem) from None


def show_invitation(screen: Screen, url: str, invitation: Mapping[str, Any]) -> None:
    """Print how the company gets its invitation: by mail, or by the link, which is shown only once."""
    if invitation["code"] is None:
        screen.line(f"{invitation['alias']} is invited by a mail to {invitation['email']}")
    else:
        screen.line(f"{invitation['alias']} is invited: send it this link, which is shown only now")
        screen.line(f"{url.rstrip('/')}{invitation['link']}")


def show_offers(screen: Screen, results: Sequence[OfferResult]) -> None:
    """Print each contract with the id of the agreement as which it is offered, or with the reason of the refusal."""
    rows = [
        [Cell(each.named), Cell(str(each.document()["agreement_id"] or "–")), Cell(each.problem)] for each in results
    ]
    screen.table(_COLUMNS, rows)
