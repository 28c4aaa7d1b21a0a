"""What may be agreed and what can be judged are the same: one vocabulary of aggregations, objectives and windows."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from slm_agreement.domain.terms import aggregations
from slm_events import aggregations as vocabulary
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.terms import composite_terms
from slm_monitor.domain.terms import terms as judged
from tests.unit.agreement.aggregation_terms import EVERY, MONTH, SECOND, taken, written
from tests.unit.agreement.people import AVAILABILITY, CLOCK, CUSTOMER, PROVIDER, SERVICE


def test_what_is_agreed_is_what_the_judge_reads() -> None:
    read = judged.parse_targets(_finalized(taken(*EVERY)))
    composite_terms.check_composite_terms(read)
    registry.check_parameters(read)
    assert {each.aggregation for each in read} == aggregations.ACCEPTED
    by_key = {each.key: each for each in read}
    assert by_key["p95"].display(by_key["p95"].objective) == "95.0000"
    assert (by_key["p95"].threshold, by_key["fast"].threshold) == (250.0, 300.0)
    assert by_key["errors"].indicator == f"{PROVIDER}/payments.errors"


def _finalized(targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "agreement_id": "a",
        "version": 1,
        "service_id": SERVICE,
        "provider_party_id": PROVIDER,
        "timezone": "UTC",
        "customer_party_id": CUSTOMER,
        "effective_at": "2026-12-01T00:00:00Z",
        "expires_at": None,
        "closing_delay_seconds": 600,
        "service_hours": {"24x7": "24x7"},
        "targets": targets,
    }


WINDOWS = ({"calendar": "month"}, {"calendar": "year"}, {"rolling": "P28D"}, {"per": "ticket"})
OBJECTIVES: tuple[dict[str, str], ...] = (
    {"at_least": "99"},
    {"at_most": "3"},
    {"at_least": "99", "unit": "percent"},
    {"at_most": "3"},
    {},
)


@pytest.mark.parametrize("document", EVERY, ids=lambda each: str(each["key"]))
def test_every_combination_that_can_be_agreed_can_be_judged(document: dict[str, Any]) -> None:
    """An aggregation with each window and each form of objective is refused before it is signed, or it is judged."""
    agreed = 0
    for window, objective in product(WINDOWS, OBJECTIVES):
        # The members of a composite of verdicts have its window. Of these windows only clocks are evaluated by ticket.
        moved = {"window": MONTH if "per" in window else window}
        members = [CLOCK, *({**each, **moved} for each in (AVAILABILITY, SECOND))]
        others = [each for each in members if each["key"] != document["key"]]
        asked = {**document, "window": window, **({"objective": objective} if objective else {})}
        found, refused = written(*others, asked)
        if refused:
            continue
        agreed += 1
        covered, refused = written(*others, {**asked, "min_coverage": "95"})
        found = found if refused else covered
        stretched, ignores_none = written(*others, {**asked, "ignore_outages_shorter_than": "PT5M"})
        if not ignores_none:
            assert judged.parse_targets(_finalized(stretched))[-1].ignore_outages_shorter_than == 300_000_000
        read = judged.parse_targets(_finalized(found))
        composite_terms.check_composite_terms(read)
        registry.check_parameters(read)
        assert read[-1].kind is vocabulary.KINDS[read[-1].aggregation]
        # The terms of a clock have no such field.
        assert (getattr(read[-1], "min_coverage", None) is None) == bool(refused)
    assert agreed >= (1 if document is CLOCK else 3)


@pytest.mark.parametrize("name", vocabulary.KINDS)
def test_the_form_in_the_remedy_is_how_the_aggregation_is_written(name: str) -> None:
    for form in vocabulary.KINDS[name].form.split(" or "):
        document = json.loads(form)
        assert vocabulary.read_name(document) == name
        assert vocabulary.KINDS[name].accepts_form(document)
    other = {name: "1"} if vocabulary.KINDS[name].written == vocabulary.WITHOUT else name
    assert vocabulary.KINDS[name].accepts_form(other) == (vocabulary.KINDS[name].written == vocabulary.EITHER_WAY)
