"""``/api/v1/sign-in-links``: links with which somebody can log in once as a principal; operators make them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_agreement.api import shapes
from slm_agreement.api.bodies.sessions import NewSignInLink
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.invitations import IdempotencyKey, refuse_stored_secret
from slm_agreement.api.responses.sessions import SignInLinkResponse
from slm_agreement.application import sign_in_links
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation

router = APIRouter(prefix="/api/v1/sign-in-links", tags=["sessions"])
PAGE = "/sign-in/"
"""Path of the console's page for a sign-in link, to which the code is appended."""


@router.post(
    "",
    **operation(
        "Make a link that lets a principal in once",
        SignInLinkResponse,
        "not-allowed",
        "not-found",
        "no-idempotency-here",
        status=201,
    ),
)
async def create_sign_in_link(
    body: NewSignInLink, caller: Caller, ledgers: TheLedgers, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Make a link for a principal; only an operator may do this.

    The link's code works once within 24 hours. Only this response shows the code.

    The link begins a session. Signatures in this session have `sign_in_link` as their `identified_by`.
    """
    refuse_stored_secret(idempotency_key)
    link, code = await sign_in_links.create_sign_in_link(ledgers, caller, body.principal_id)
    return {
        "link_id": link.link_id,
        "principal_id": link.principal_id,
        "expires_at": shapes.instant_text(link.expires_at),
        "code": code,
        "link": f"{PAGE}{code}",
    }
