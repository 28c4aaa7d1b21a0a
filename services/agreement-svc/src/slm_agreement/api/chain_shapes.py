"""Conversion of the chain check to JSON, as one party may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_agreement.domain.checks.chain_check import CarriedPromise, SideChain, Support
from slm_agreement.domain.checks.chain_findings import exact_text
from slm_agreement.domain.documents.supports import TERMS
from slm_agreement.domain.versions.agreement import Identity


def chain_json(chains: Mapping[str, SideChain] | None, identity: Identity, party_id: str | None) -> dict[str, Any]:
    """Return the chain part of a check as JSON.

    The reader's own side has all numbers. The other side has only the numbers that its party discloses. An operator has
    no own side, and sees only disclosed numbers.
    """
    sides = {"provider": identity.provider_party_id, "customer": identity.customer_party_id}
    return {
        "sides": [
            _own_side(each) if sides[each.side] == party_id else _other_side(each) for each in (chains or {}).values()
        ]
    }


def _own_side(chain: SideChain) -> dict[str, Any]:
    return {
        "side": chain.side,
        "yours": True,
        "holds": chain.holds,
        "supports": [_named(each) for each in chain.supports],
        "targets": [_target(chain, key, _questions(chain, key, None)) for key in _keys(chain)],
        "findings": [finding.document() for finding in chain.findings],
        "unsupported_services": list(chain.combined.unsupported_services),
    }


def _other_side(chain: SideChain) -> dict[str, Any]:
    disclosed = {each.support_id: each for each in chain.supports if each.disclose == TERMS}
    return {
        "side": chain.side,
        "yours": False,
        "holds": chain.holds,
        "supports": [
            _named(each) if each.support_id in disclosed else {"support_id": each.support_id, "disclose": each.disclose}
            for each in chain.supports
        ],
        "targets": [_target(chain, key, _questions(chain, key, disclosed)) for key in _keys(chain)],
        "findings": [],
        "unsupported_services": [],
    }


def _keys(chain: SideChain) -> list[str]:
    return list(dict.fromkeys(each.place.key for each in chain.promised))


def _named(support: Support) -> dict[str, Any]:
    return {
        "support_id": support.support_id,
        "disclose": support.disclose,
        "agreement_id": support.agreement_id,
        "title": support.title,
        "kind": support.kind,
    }


def _target(chain: SideChain, key: str, questions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"target": key, "carried": chain.carries(key), "questions": questions}


def _questions(chain: SideChain, key: str, disclosed: Mapping[str, Support] | None) -> list[dict[str, Any]]:
    """Return the questions of the chain check about one target, with the numbers that the reader may see.

    ``disclosed``: the supporting agreements whose numbers the other party may see; None: the reader is the side's own
    party, which sees all numbers. The arithmetic shows the numbers of all supporting agreements, so the other party
    sees it only if all these numbers are disclosed.
    """
    about = [each for each in chain.promised if each.place.key == key]
    return [_question(each, disclosed) for each in about]


def _question(carried: CarriedPromise, disclosed: Mapping[str, Support] | None) -> dict[str, Any]:
    question = carried.place.promise.question
    shown = [each for each in carried.parts if disclosed is None or each.support_id in disclosed]
    is_whole = len(shown) == len(carried.parts)
    return {
        "question": question,
        "required": exact_text(question, carried.objective),
        **(
            {
                "achieved": exact_text(question, carried.reached),
                "arithmetic": carried.arithmetic,
                "is_enough": carried.is_enough,
            }
            if is_whole
            else {}
        ),
        "supports": [
            {
                "support_id": part.support_id,
                "number": exact_text(question, part.amount),
                **(
                    {
                        "needed_alone": None if part.needed_alone is None else exact_text(question, part.needed_alone),
                        "needed": None if part.needed is None else exact_text(question, part.needed),
                        "gap": None if part.gap is None else part.gap.document(),
                    }
                    if is_whole
                    else {}
                ),
            }
            for part in shown
        ],
    }
