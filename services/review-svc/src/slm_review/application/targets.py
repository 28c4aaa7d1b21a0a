"""Finding the present terms of a target, for decisions about the target."""

from __future__ import annotations

from typing import Any

from slm_review.application.ledger import Ledger
from slm_review.domain import agreements
from slm_review.domain.agreements import Agreement
from slm_review.domain.errors import NotAcceptable
from slm_review.domain.reviews import Review


async def find_agreed_target(ledger: Ledger, review: Review, target: str) -> tuple[Agreement, dict[str, Any]]:
    """Return (version, terms of the target). ``target`` is the target's id or key.

    The version is the one in force now. If none is in force, it is the version that the review is about. Raises
    NotAcceptable, which lists the existing keys, if the version has no such target.
    """
    versions = await ledger.agreements.find(agreement_id=review.agreement_id)
    reviewed = next(version for version in versions if version.version == review.agreement_version)
    agreement = agreements.version_in_force(versions, ledger.now) or reviewed
    for terms in agreement.targets:
        if target in (terms["target_id"], terms["key"]):
            return agreement, terms
    keys = ", ".join(terms["key"] for terms in agreement.targets)
    raise NotAcceptable("target", target, f"name a target of the agreement by id or key; it has {keys}")
