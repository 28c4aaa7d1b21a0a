"""People choose what they are mailed, when, and in which time zone."""

from __future__ import annotations

from typing import Any

import pytest

from slm_chassis.clock import SECOND, real_now
from tests.integration.notification.conftest import BREACH, CUSTOMER, PROVIDER
from tests.integration.notification.test_mails import ADA, CARL, Post, mailbox, post, settings, texts
from tests.support.api import enrolled

__all__ = ["mailbox", "post", "settings"]
PATH = "/api/v1/notification-preferences"


@pytest.fixture
def ada(post: Post) -> str:
    """The key of Ada, who manages the provider."""
    post.service.app.access.learn(
        enrolled("ada", "service_level_manager", party_id=PROVIDER, person_id=f"person of {ADA}")
    )
    return "ada"


def rule(answer: dict[str, Any], kind: str, severity: str) -> tuple[str, bool]:
    return next(
        (each["when"], each["by_role"])
        for each in answer["rules"]
        if (each["kind"], each["severity"]) == (kind, severity)
    )


async def choose(post: Post, key: str, *rules: tuple[str, str, str], zone: str = "UTC") -> Any:
    body = {
        "time_zone": zone,
        "rules": [{"kind": kind, "severity": severity, "when": when} for kind, severity, when in rules],
    }
    return await post.service.ask(key, "PUT", PATH, json=body, headers={"If-Match": "*"})


async def test_without_a_choice_the_roles_decide(post: Post, ada: str) -> None:
    read = await post.service.ask(ada, "GET", PATH)
    assert read.status_code == 200 and len(read.json()["rules"]) == 18
    assert rule(read.json(), "breach", "normal") == ("at_once", True)
    assert rule(read.json(), "report", "normal") == ("digest", True)


async def test_a_choice_of_one_kind_and_severity_changes_nothing_else(post: Post, ada: str) -> None:
    changed = await choose(post, ada, ("breach", "normal", "never"), zone="Europe/Berlin")
    assert changed.status_code == 200, changed.text
    assert rule(changed.json(), "breach", "normal") == ("never", False)
    assert rule(changed.json(), "breach", "high") == ("at_once", True)
    await post.service.hear(BREACH)
    [message] = await post.arrived(1)
    assert message["To"] == CARL
    await post.service.hear(BREACH, level="unacceptable", service_id="another")
    messages = await post.arrived(3)
    mine = next(each for each in messages if each["To"] == ADA)
    assert "22 Nov 2026, 11:43 (Europe/Berlin)" in texts(mine)[0]


async def test_a_choice_ends_with_the_next_one(post: Post, ada: str) -> None:
    await choose(post, ada, ("breach", "normal", "never"))
    again = await choose(post, ada)
    assert rule(again.json(), "breach", "normal") == ("at_once", True)


async def test_what_is_for_the_digest_comes_once_a_day_as_one_mail(post: Post, ada: str) -> None:
    await choose(post, ada, ("breach", "normal", "digest"), zone="Asia/Tokyo")
    await choose(post, ada, ("breach", "normal", "digest"), ("risk", "high", "digest"), zone="Asia/Tokyo")
    await post.service.hear(BREACH)
    await post.service.hear("slm.monitor.target-at-risk.v1")
    await post.service.hear("slm.report.report-published.v1")
    await post.arrived(2)
    assert {each["To"] for each in post.mailbox.messages} == {CARL}
    rows = await post.rows(f"SELECT due_at FROM mail_delivery WHERE person_id = 'person of {ADA}'")
    assert len(rows) == 3 and all(0 < row[0] - real_now() <= 86_400 * SECOND for row in rows)
    async with post.service.app.database.begin() as transaction:
        await transaction.connection.exec_driver_sql(
            f"UPDATE mail_delivery SET due_at = 0 WHERE person_id = 'person of {ADA}'"
        )
    messages = await post.arrived(3)
    assert messages[-1]["To"] == ADA and str(messages[-1]["Subject"]) == "Your day: 3 things to know"
    plain, html = texts(messages[-1])
    for words in ("Breached: Checkout is available", "At risk: Checkout is available", "Report of"):
        assert words in plain and words in html


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"rules": [{"kind": "weather", "severity": "high", "when": "never"}]}, "rules[0].kind"),
    ],
)
async def test_what_does_not_exist_is_refused(post: Post, ada: str, body: dict[str, Any], field: str) -> None:
    refused = await post.service.ask(ada, "PUT", PATH, json=body, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text


async def test_a_machine_has_no_preferences(post: Post) -> None:
    for who in ("provider", "operator"):
        refused = await post.service.ask(who, "GET", PATH)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/without-person")


async def test_a_choice_is_not_lost_to_an_older_page(post: Post, ada: str) -> None:
    read = await post.service.ask(ada, "GET", PATH)
    await choose(post, ada, ("breach", "normal", "never"))
    stale = await post.service.ask(ada, "PUT", PATH, json={}, headers={"If-Match": read.headers["etag"]})
    assert stale.status_code == 412


NOC, SIG, VIEW = "noc@acme.example", "sig@acme.example", "view@acme.example"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (BREACH, {ADA, NOC}),
        ("slm.monitor.target-at-risk.v1", {ADA, NOC}),
        ("slm.monitor.target-recovered.v1", {ADA, NOC}),
        ("slm.agreement.agreement-agreed.v1", {ADA, SIG}),
        ("slm.monitor.exclusion-requested.v1", {ADA, SIG}),
        ("slm.monitor.target-unjudgeable.v1", {ADA}),
    ],
)
async def test_who_has_to_act_is_told_at_once_without_a_choice(post: Post, kind: str, told: set[str]) -> None:
    """The manager, who is on call, and who signs and decides; whoever only reads hears of nothing."""
    await post.enrol("Noor", PROVIDER, NOC, "integrator")
    await post.enrol("Sigrid", PROVIDER, SIG, "provider_signatory")
    await post.enrol("Vera", PROVIDER, VIEW, "viewer")
    by = {"requested_by_party_id": CUSTOMER} if "exclusion" in kind else {}
    await post.service.hear(kind, provider_party_id=PROVIDER, customer_party_id=CUSTOMER, **by)
    rows = await post.rows("SELECT person_id FROM mail_delivery WHERE NOT is_digest")
    own = {row[0].removeprefix("person of ") for row in rows} - {CARL}
    assert own == (told if "unjudgeable" not in kind else set())


async def test_who_may_sign_is_told_of_a_proposal_of_the_other_side_and_of_an_overdue_answer(post: Post) -> None:
    await post.enrol("Sigrid", PROVIDER, SIG, "provider_signatory")
    parties = {"provider_party_id": PROVIDER, "customer_party_id": CUSTOMER}
    for kind in ("agreement-proposed", "agreement-countered"):
        await post.service.hear(f"slm.agreement.{kind}.v1", by_party_id=CUSTOMER, **parties)
    await post.service.hear("slm.agreement.agreement-answer-missed.v1", **parties)
    rows = await post.rows(f"SELECT event_type, is_digest FROM mail_delivery WHERE person_id = 'person of {SIG}'")
    assert len(rows) == 3 and not any(row[1] for row in rows)
