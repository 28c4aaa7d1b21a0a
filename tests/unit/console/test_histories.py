"""Histories tell every act in words, and every row its day."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from slm_console.views.agreements.timeline import act_in_words, entries_of
from slm_console.views.companies import company_page
from slm_console.views.reader import DAY, HOUR
from slm_console.views.settings import audit_trail
from slm_events import agreement as events
from slm_events.instants import to_text
from tests.unit.console.negotiated import ALDER, NOW, READER, SHOP, agreement, directory

_SOURCE = Path(__file__).parents[3] / "services" / "agreement-svc" / "src"
_NOTED = re.compile(r"\.note\(\s*[^\"]*?\"([a-z-]+\.[a-z-]+)\"|\"((?:agreement|proposal)\.[a-z-]+)\"")
ACTIONS = sorted(
    {first or second for path in _SOURCE.rglob("*.py") for first, second in _NOTED.findall(path.read_text())}
)
"""Every action that agreement-svc records in the audit trail."""


def test_the_actions_are_found() -> None:
    assert len(ACTIONS) >= 40 and {"agreement.turn", "proposal.draft", "agreement.comment"} < set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_recorded_act_has_words(action: str) -> None:
    assert audit_trail.known_act(READER, action), action
    assert act_in_words(READER, {"action": action, "detail": {}}) != "changed something"


def test_an_act_without_words_is_not_told_by_its_key() -> None:
    assert act_in_words(READER, {"action": "thing.do-it", "detail": None}) == "changed something"
    assert audit_trail.act_in_words(READER, "thing.do-it") == "changed something"


@pytest.mark.parametrize(
    "event", ["AgreementInForce", "AgreementExpired", "AgreementTerminated", "AgreementSuperseded",
              "AgreementAnswerMissed"]
)  # fmt: skip
def test_a_date_says_what_it_brought_about(event: str) -> None:
    assert hasattr(events, event)
    said = act_in_words(READER, {"action": "agreement.turn", "detail": {"event": event}})
    assert said != act_in_words(READER, {"action": "agreement.turn", "detail": {}})


def test_a_row_of_today_says_so() -> None:
    at = to_text(NOW - 60_000_000)
    [entry] = entries_of(READER, directory(), [{"at": at, "action": "agreement.turn", "detail": {}}], {})
    assert entry.when.startswith("Today ") and entry.who == "The product"


def _review(review_id: str, due: int) -> dict[str, Any]:
    return {"review_id": review_id, "state": "scheduled", "due_at": to_text(due), "agreement_title": review_id,
            "provider_party_id": ALDER, "customer_party_id": SHOP}  # fmt: skip


def test_what_is_ahead_of_a_company_ascends_and_has_nothing_past() -> None:
    ending = agreement("in_force", title="Checkout", ends_at=to_text(NOW + 3 * DAY), effective_at=None)
    reviews = [_review("late", NOW + 5 * DAY), _review("soon", NOW + HOUR), _review("past", NOW - DAY)]
    page = company_page(READER, directory(), SHOP, {"agreements": [ending], "targets": [], "reviews": reviews})
    assert [each.title for each in page.ahead] == ["soon", "Checkout ends", "late"]
