"""``make where`` finds an event's definition, birth and listeners, and says clearly what it cannot find."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slm_events import catalogue
from tools import where

BIRTH = """
from slm_events import monitor

def judge(window):
    return [monitor.TargetBreached(window) for _ in range(2)]
"""

SUBSCRIPTIONS = """
from slm_events.monitor import TargetAtRisk, TargetBreached
from slm_review.application import reviews, plans

HANDLERS = {
    TargetAtRisk: plans.open_for,
    TargetBreached: reviews.open_on_breach,
}
"""


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """The real events, one birth in monitor-svc and one table of subscriptions in review-svc."""
    shutil.copytree(where.ROOT / "shared/events", tmp_path / "shared/events")
    _write(tmp_path / "services/monitor-svc/src/slm_monitor/domain/verdicts.py", BIRTH)
    _write(tmp_path / "services/review-svc/src/slm_review/subscriptions.py", SUBSCRIPTIONS)
    return tmp_path


def test_an_event_is_found_with_its_birth_and_its_listeners(small_tree: Path) -> None:
    lines = list(where.report(where.find("TargetBreached", small_tree)))
    assert lines[0] == "TargetBreached  slm.monitor.target-breached.v1  on slm.breaches, keyed by agreement_id"
    assert "defined  shared/events/src/slm_events/monitor.py:" in lines[1]
    assert lines[2] == "  created  services/monitor-svc/src/slm_monitor/domain/verdicts.py:5  in judge"
    assert lines[3].endswith(
        "review-svc: services/review-svc/src/slm_review/subscriptions.py:7  → reviews.open_on_breach"
    )


def test_an_event_can_be_asked_for_by_its_type(small_tree: Path) -> None:
    answer = where.find("slm.monitor.target-breached.v1", small_tree)
    assert answer.row.event.__name__ == "TargetBreached"


def test_an_event_nobody_builds_or_hears_says_so(small_tree: Path) -> None:
    text = "\n".join(where.report(where.find("WindowClosed", small_tree)))
    assert "created  nowhere yet" in text
    assert "handled  by no service" in text


def test_an_event_handed_to_what_builds_it_is_found_there(small_tree: Path) -> None:
    _write(
        small_tree / "services/agreement-svc/src/slm_agreement/domain/moves.py",
        "from slm_events.agreement import AgreementProposed\n\ndef propose(v: AgreementProposed):\n"
        "    return moved(AgreementProposed, v)\n",
    )
    [place] = where.find("AgreementProposed", small_tree).created
    assert (place.line, place.text) == (4, "by way of propose")


AWAITED = {"PeriodAccepted", "BreachDisputed", "DisputeDecided", "SatisfactionSurveyed"}
"""Published events that nothing creates yet: those of review-svc about disputes, accepted periods and surveys."""


def test_every_published_event_is_born_in_one_module() -> None:
    created = {row.event.__name__: where.find(row.type).created for row in catalogue.PUBLISHED.values()}
    created = {name: places for name, places in created.items() if places or name not in AWAITED}
    assert {name: places for name, places in created.items() if len({place.path for place in places}) != 1} == {}


def test_a_breach_is_built_once_and_received_by_report_review_and_notification() -> None:
    answer = where.find("TargetBreached")
    assert len(answer.created) == 1
    assert set(answer.handled) == {"report", "review", "notification"}


def test_an_unknown_name_ends_with_what_comes_near() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tools.where", "TargetBreached2"],
        cwd=where.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "did you mean TargetBreached" in result.stderr


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
