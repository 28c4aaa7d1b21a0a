"""The guide of first steps, played by the client that openapi-python-client generates: ADDRESS OPERATOR_KEY.

mypy checks it together with the client. It prints what the guide's page shows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from slm_client import AuthenticatedClient, Client
from slm_client.api.agreements import draft_agreement, get_agreement
from slm_client.api.breaches import list_breaches
from slm_client.api.indicators import register_indicator
from slm_client.api.intake import post_measurements
from slm_client.api.invitations_and_relations import accept_invitation, create_invitation
from slm_client.api.negotiation import accept_revision, propose_draft, sign_revision
from slm_client.api.oauth import issue_access_token
from slm_client.api.parties import register_party
from slm_client.api.people import record_person
from slm_client.api.principals import enrol_principal, issue_key
from slm_client.api.reports import build_report
from slm_client.api.requirements_and_templates import record_requirement
from slm_client.api.reviews import list_reviews
from slm_client.api.services import catalogue_service
from slm_client.api.targets import list_targets
from slm_client.models import (
    AcceptanceBody,
    AccessTokenResponse,
    AgreementResponse,
    BuildReport,
    DraftProposalBody,
    IndicatorToRegister,
    IssueAccessTokenBody,
    MandateBody,
    NewAgreement,
    NewAgreementDocument,
    NewInvitation,
    NewKey,
    NewParty,
    NewPerson,
    NewPrincipal,
    NewRequirement,
    NewService,
    PostMeasurementsBodyItem,
    Problem,
    RevisionReferenceBody,
    SignatureBody,
    TokenErrorResponse,
)

Made = TypeVar("Made")
Found = TypeVar("Found")
SECONDS = 60


def ok(answer: Made | Problem | None) -> Made:
    """The answer, where it is none of the problems."""
    assert answer is not None and not isinstance(answer, Problem), answer
    return answer


def eventually(look: Callable[[], Sequence[Found]]) -> Sequence[Found]:
    until = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < until, "nothing came of it in a minute"
        time.sleep(0.5)
    return found


def ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


class FirstSteps:
    def __init__(self, address: str, operator_key: str) -> None:
        self._address = address
        self._operator = self._client(operator_key)

    def _client(self, key: str) -> AuthenticatedClient:
        return AuthenticatedClient(base_url=self._address, token=key, raise_on_unexpected_status=True)

    def _member(self, party_id: str, key: str, name: str, roles: list[str], mandate: str = "") -> AuthenticatedClient:
        mandates = [MandateBody(role=mandate, text="Signs agreements")] if mandate else []
        new = NewPerson(key=key, party_id=party_id, name=name, mandates=mandates)
        person = ok(record_person.sync(client=self._operator, body=new))
        enrolled = NewPrincipal(key=key, party_id=party_id, name=name, person_id=person.person_id, roles=roles)
        principal = ok(enrol_principal.sync(client=self._operator, body=enrolled))
        issued = ok(issue_key.sync(principal.principal_id, client=self._operator, body=NewKey(scopes=[])))
        return self._client(issued.key)

    def play(self) -> None:
        provider = ok(register_party.sync(client=self._operator, body=NewParty(key="acme", name="Acme Hosting")))
        customer = ok(register_party.sync(client=self._operator, body=NewParty(key="shop", name="The Corner Shop")))
        of_provider, of_customer = provider.party_id, customer.party_id
        ada = self._member(of_provider, "ada", "Ada Byron", ["service_level_manager", "integrator"])
        grace = self._member(of_provider, "grace", "Grace Hopper", ["provider_signatory"], "provider_signatory")
        carl = self._member(of_customer, "carl", "Carl Friedrich", ["service_level_manager"])
        emmy = self._member(of_customer, "emmy", "Emmy Noether", ["business_signatory"], "business_signatory")

        invitation = ok(create_invitation.sync(client=ada, body=NewInvitation(alias="The shop on the corner")))
        accepted = ok(accept_invitation.sync(client=carl, body=AcceptanceBody(code=invitation.code)))
        print(accepted.state)

        outcome = "Customers can pay for what is in their cart"
        service = ok(
            catalogue_service.sync(client=ada, body=NewService(key="checkout", name="Checkout", outcome=outcome))
        )
        text = "Checkout has to work whenever the shop is open."
        need = NewRequirement(key="always", service_id=service.service_id, text=text)
        print(ok(record_requirement.sync(client=carl, body=need)).text)

        draft = NewAgreement(
            key="checkout",
            kind="sla",
            template="sla-standard",
            provider_party_id=of_provider,
            customer_party_id=of_customer,
            service_id=service.service_id,
            document=NewAgreementDocument.from_dict(terms()),
        )
        agreement_id = self._negotiate(draft, ada, carl, grace, emmy)
        self._judge(ada, carl, agreement_id)
        self._look_with_a_token(ada, agreement_id)
        self._look_with_a_token(carl, agreement_id)

    def _look_with_a_token(self, manager: AuthenticatedClient, agreement_id: str) -> None:
        """A program of the manager's party exchanges its key for a token, which reads the agreement and no more."""
        enrolled = NewPrincipal(key="program", name="A program", roles=["viewer"])
        principal = ok(enrol_principal.sync(client=manager, body=enrolled))
        issued = ok(issue_key.sync(principal.principal_id, client=manager, body=NewKey(scopes=["agreements:read"])))
        grant = IssueAccessTokenBody("client_credentials", client_id=issued.key_id, client_secret=issued.key)
        token = issue_access_token.sync(client=Client(base_url=self._address), body=grant)
        assert isinstance(token, AccessTokenResponse) and token.scope == "agreements:read", token
        program = self._client(token.access_token)
        found = get_agreement.sync(agreement_id, client=program)
        assert isinstance(found, AgreementResponse), found
        assert isinstance(list_breaches.sync(client=program), Problem)
        wrong = IssueAccessTokenBody("client_credentials", client_id=issued.key_id, client_secret="slm_wrong")
        refused = issue_access_token.sync(client=Client(base_url=self._address), body=wrong)
        assert isinstance(refused, TokenErrorResponse) and refused.error == "invalid_client", refused

    def _negotiate(
        self,
        draft: NewAgreement,
        ada: AuthenticatedClient,
        carl: AuthenticatedClient,
        grace: AuthenticatedClient,
        emmy: AuthenticatedClient,
    ) -> str:
        agreement_id = ok(draft_agreement.sync(client=ada, body=draft)).agreement_id

        def newest(client: AuthenticatedClient) -> str:
            found = get_agreement.sync(agreement_id, client=client)
            assert isinstance(found, AgreementResponse), found
            return found.revision.hash_

        moves: list[AgreementResponse] = [
            ok(propose_draft.sync(agreement_id, client=ada, body=DraftProposalBody(revision_hash=newest(ada)))),
            ok(accept_revision.sync(agreement_id, client=carl, body=RevisionReferenceBody(revision_hash=newest(carl)))),
            ok(sign_revision.sync(agreement_id, client=grace, body=SignatureBody(revision_hash=newest(grace)))),
            ok(sign_revision.sync(agreement_id, client=emmy, body=SignatureBody(revision_hash=newest(emmy)))),
        ]
        print(*[each.state for each in moves], sep="\n")
        return agreement_id

    def _judge(self, ada: AuthenticatedClient, carl: AuthenticatedClient, agreement_id: str) -> None:
        indicator = IndicatorToRegister(key="shop.checkout", kind="availability", initial_state="up")
        print(ok(register_indicator.sync(client=ada, body=indicator)).key)
        # A target is listed before it is evaluated for the first time: only then does a position tell of its breaches.
        eventually(
            lambda: [
                each for each in ok(list_targets.sync(client=carl, agreement_id=agreement_id)).items if each.window
            ]
        )

        states = [
            PostMeasurementsBodyItem.from_dict({"indicator": "shop.checkout", "at": ago(minutes), "state": state})
            for minutes, state in ((60, "down"), (10, "up"))
        ]
        position = ok(post_measurements.sync(client=ada, body=states)).position
        breaches = ok(list_breaches.sync(client=carl, standing=True, min_position=position)).items
        print(breaches[0].target_title)

        [target] = ok(list_targets.sync(client=carl, agreement_id=agreement_id)).items
        assert target.window is not None
        print(target.window.verdict)
        print(ok(build_report.sync(client=carl, body=BuildReport(agreement_id=agreement_id))).verdict)
        opened = eventually(
            lambda: [
                each
                for each in ok(list_reviews.sync(client=carl, agreement_id=agreement_id)).items
                if each.reason == "breach"
            ]
        )
        print(opened[0].state)


def terms() -> dict[str, Any]:
    """The terms of the guide's agreement, in force since yesterday."""
    return {
        "title": "Checkout for the shop",
        "timezone": "UTC",
        "term": {"effective_at": ago(1440), "expires_at": None, "notice": "P90D"},
        "requirements": ["always"],
        "clauses": {
            "service_description": "Checkout takes payments for the shop.",
            "charges": {"text": "A fixed price a month.", "amount": "4200.00", "currency": "EUR"},
        },
        "targets": [
            {
                "key": "availability",
                "title": "Checkout is available",
                "indicator": "shop.checkout",
                "aggregation": "availability",
                "objective": {"at_least": "99.9", "unit": "percent"},
                "window": {"rolling": "P28D"},
                "responsible": {"owner": "Operations", "plan": [{"step": "Switch to the second site"}]},
            }
        ],
    }


if __name__ == "__main__":
    FirstSteps(*sys.argv[1:3]).play()
