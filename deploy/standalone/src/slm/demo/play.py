"""The stages of the cycle, from a requirement to a draft amendment. Each checks the installation's answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from slm.demo import negotiation, schedule, terms
from slm.demo.negotiation import Cast
from slm.demo.schedule import FactSchedule
from slm.demo.stream import StreamListener
from slm.demo.terminal import Terminal, figure_text
from slm.demo.traffic import TrafficSender
from slm.demo.waiting import ResultWaiter
from slm_events import wording
from slm_events.instants import from_text, to_text

_DAY = 24 * 3600 * 1_000_000
_AT_RISK, _MOST_URGENT = "availability", "fast-hour"
_PROPOSED = {"at_least": "99.95"}


class UnexpectedAnswer(Exception):
    """The installation's answer was not the expected one; the text says what was expected."""


@dataclass(frozen=True)
class PlayStage:
    """The client, participants, agreement and schedule that all stages share once the agreement is drafted."""

    client: httpx.AsyncClient
    cast: Cast
    agreement_id: str
    schedule: FactSchedule
    patience: ResultWaiter
    terminal: Terminal

    async def get(self, path: str, key: str | None = None, **query: str) -> dict[str, Any]:
        """Return the JSON answer to a GET request with the API key ``key``, by default the customer's viewer key."""
        asked = str(httpx.URL(path, params=query)) if query else path
        return await negotiation.get(self.client, key or self.cast.viewer_key, asked)

    async def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the items of a list that belong to the agreement of this run, as the customer's viewer sees them."""
        page = await self.get(path, agreement_id=self.agreement_id, limit="1000", **query)
        items: list[dict[str, Any]] = page["items"]
        return items

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a POST request as the provider's service level manager and return the JSON answer."""
        return await negotiation.post(self.client, self.cast.provider_manager_key, path, body)


async def negotiate_agreement(
    client: httpx.AsyncClient,
    operator_key: str,
    agreement_key: str,
    plan: FactSchedule,
    suffix: str,
    terminal: Terminal,
) -> tuple[Cast, dict[str, Any]]:
    """Register everyone and negotiate until both sides have accepted; return participants and agreement.

    An agreement that is already signed is reused.
    """
    with terminal.stage_line("negotiate") as line:
        cast = await negotiation.gather_cast(client, operator_key, suffix)
        await negotiation.record_requirement(client, cast)
        document = terms.agreement_document(to_text(plan.effective_at))
        agreement = await negotiation.draft_agreement(client, cast, document, agreement_key)
        if agreement["state"] == "draft":
            proposed = await negotiation.propose_draft(client, cast, agreement)
            answer = terms.counter_proposal(proposed["document"])
            countered = await negotiation.make_counter_proposal(client, cast, proposed, answer)
            agreement = await negotiation.accept_counter_proposal(client, cast, countered)
        line.text = (
            "requirement, draft, proposal, counter-proposal with "
            f"{terms.AVAILABILITY_PERCENT} % available, accepted: revision {agreement['revision']['hash'][:12]}"
        )
    return cast, agreement


async def sign_agreement(stage: PlayStage, agreement: dict[str, Any]) -> None:
    """Sign for both sides and wait until the agreement is in force."""
    with stage.terminal.stage_line("finalize") as line:
        signed = await negotiation.sign_for_both_parties(stage.client, stage.cast, agreement)

        async def in_force() -> dict[str, Any] | None:
            seen = await stage.get(f"/api/v1/agreements/{stage.agreement_id}")
            return seen if seen["state"] == "in_force" else None

        await stage.patience.until(in_force, "the agreement in force", stage.schedule.effective_at)
        who = " and ".join(signature["name"] for signature in signed["signatures"])
        line.text = f"signed by {who}, in force from {_time(stage.schedule.effective_at)}"


async def wait_until_watched(stage: PlayStage) -> None:
    """Register the indicators and wait until monitor-svc evaluates every target."""
    with stage.terminal.stage_line("monitor") as line:
        for indicator in schedule.INDICATORS:
            body = {**indicator, "service_id": stage.cast.service_id}
            await negotiation.post(stage.client, stage.cast.integrator_key, "/api/v1/indicators", body)

        async def watched() -> list[dict[str, Any]] | None:
            targets = await stage.items("/api/v1/targets")
            return targets if len(targets) == 4 else None

        targets = await stage.patience.until(watched, "four targets at monitor-svc")
        line.text = f"watches {', '.join(target['key'] for target in targets)}; measurements and tickets flow"


async def wait_for_action_plan(stage: PlayStage) -> dict[str, Any]:
    """Wait until the first outage has used half of the error budget and opened an action plan; return the plan."""
    with stage.terminal.stage_line("risk") as line:

        async def planned() -> dict[str, Any] | None:
            plans = await stage.items("/api/v1/action-plans")
            known = (each for each in plans if each["target_key"] == _AT_RISK and each["cause"] == "budget_consumed")
            return next(known, None)

        due = stage.schedule.at(schedule.FIRST_REPORTED + 1)
        plan = await stage.patience.until(planned, "an action plan for the availability at risk", due)
        _expect(plan["threshold"] == "50", f"the warning at half of the budget, not {plan['threshold']}")
        _expect(bool(plan["owner"] and plan["steps"]), "a plan with an owner and the agreed steps")
        line.text = (
            f"{plan['target_title']}: {plan['threshold']} % of the error budget used; "
            f"plan of {plan['owner']} with {wording.count_in_words(len(plan['steps']), 'step')}"
        )
    return plan


async def wait_for_breaches(stage: PlayStage, listener: StreamListener, plan: dict[str, Any]) -> None:
    """Wait for both breaches and for the end of the action plan.

    The second outage uses up the error budget, which a timer detects. Slow answers breach the rolling hour.
    """
    with stage.terminal.stage_line("breach") as line:

        async def breached() -> list[dict[str, Any]] | None:
            found = await stage.items("/api/v1/breaches", standing="true")
            return found if {_AT_RISK, _MOST_URGENT} <= {each["target_key"] for each in found} else None

        due = stage.schedule.at(schedule.SECOND_OVER)
        found = await stage.patience.until(breached, "breaches of availability and of the rolling hour", due)
        seconds = stage.terminal.seconds

        async def ended() -> dict[str, Any] | None:
            now = await stage.get(f"/api/v1/action-plans/{plan['plan_id']}")
            return now if now["state"] != "open" else None

        failed = await stage.patience.until(ended, "the end of the action plan")
        _expect(failed["state"] == "breached", f"the plan to end breached, not {failed['state']}")
        ids = {each["breach_id"] for each in found}
        _expect(failed["breach_id"] in ids, "the plan to name the breach that it did not avert")
        await _wait_until_streamed(stage, listener, found)
        found_at = ", ".join(
            f"{each['target_key']} at {_time(from_text(each['certain_at']))} ({figure_text(each)})"
            for each in sorted(found, key=lambda each: each["certain_at"])
        )
        line.text = (
            f"{found_at}; seen {seconds:.1f} s after the start and on the live stream; the plan ended as breached"
        )


async def _wait_until_streamed(stage: PlayStage, listener: StreamListener, breaches: list[dict[str, Any]]) -> None:
    """Wait until the stream has delivered the breaches that were published since the listener was connected."""
    expected = {each["breach_id"] for each in breaches if from_text(each["published_at"]) >= listener.since}

    async def were_streamed() -> bool | None:
        return True if expected <= listener.breach_ids else None

    await stage.patience.until(were_streamed, "both breaches on the live stream")


async def wait_for_recovery(stage: PlayStage, traffic: TrafficSender) -> None:
    """Wait until the rolling hour has recovered and the incident is resolved in time."""
    with stage.terminal.stage_line("recover") as line:
        position = await traffic.until_played()

        async def recovered() -> dict[str, Any] | None:
            found = await stage.items("/api/v1/breaches", standing="true", min_position=position)
            return next((each for each in found if each["target_key"] == _MOST_URGENT and each["recovered_at"]), None)

        async def met() -> dict[str, Any] | None:
            clocks = await stage.items("/api/v1/clocks", state="met")
            return next((each for each in clocks if each["number"] == schedule.PLAYED_TICKET), None)

        back = await stage.patience.until(recovered, "the recovery of the rolling hour")
        clock = await stage.patience.until(met, f"{schedule.PLAYED_TICKET} met")
        at = _time(from_text(back["recovered_at"]))
        line.text = f"{_MOST_URGENT} at {at}; P1 incident {clock['number']} resolved in time"


async def build_report(stage: PlayStage, breach_ids: Iterable[str]) -> str:
    """Build the period's report, check its JSON and its page, and return the page's path."""
    with stage.terminal.stage_line("report") as line:
        period = stage.schedule.month.id
        wanted = set(breach_ids)

        async def complete() -> dict[str, Any] | None:
            built = await stage.post("/api/v1/reports", {"agreement_id": stage.agreement_id, "period": period})
            return built if wanted <= {each["breach_id"] for each in built["breaches"]} else None

        built = await stage.patience.until(complete, f"the report of {period} with both breaches")
        _expect(built["verdict"] == "breached", f"a report that says breached, not {built['verdict']}")
        _expect(len(built["lines"]) >= 4, "a line of the report for each target")
        path = str(built["page_url"])
        answer = await stage.client.get(path, headers={"Authorization": f"Bearer {stage.cast.viewer_key}"})
        _expect(answer.status_code == 200 and "<svg" in answer.text, "a page with a chart")
        line.text = (
            f"{period}, {built['state']}: {wording.count_in_words(len(built['lines']), 'line')}, "
            f"{wording.count_in_words(built['breach_count'], 'breach', 'breaches')}, "
            f"{wording.count_in_words(len(built['risks']), 'warning')}; JSON and a page with a chart"
        )
    return path


async def hold_breach_review(stage: PlayStage, breach_ids: Iterable[str]) -> str:
    """Hold the review that the breaches opened, with a lesson and an action, and return its id."""
    with stage.terminal.stage_line("review") as line:
        wanted = set(breach_ids)

        async def opened() -> dict[str, Any] | None:
            found = await stage.items("/api/v1/reviews", reason="breach")
            for each in found[-1:]:
                seen = await stage.get(f"/api/v1/reviews/{each['review_id']}")
                return seen if wanted <= {item["ref_id"] for item in seen["agenda"]} else None
            return None

        seen = await stage.patience.until(opened, "a review with both breaches on its agenda")
        path = f"/api/v1/reviews/{seen['review_id']}"
        if seen["state"] == "open":
            await stage.post(f"{path}/conclude", _CONCLUSION)
        await stage.post(f"{path}/lessons", {"text": "Switch to the second site first, look for the cause after."})
        due_at = to_text(stage.patience.now() + 30 * _DAY)
        action = await stage.post(f"{path}/actions", {**_ACTION, "due_at": due_at})
        items = wording.count_in_words(seen["agenda_count"], "item")
        line.text = f"concluded with {items}; a lesson, and an action of {action['owner']}"
    return str(seen["review_id"])


async def propose_target(stage: PlayStage, review_id: str) -> None:
    """Propose a new objective from the review; wait until a draft amendment answers it and both refer to each other."""
    with stage.terminal.stage_line("propose") as line:
        body = {"target": _AT_RISK, "objective": _PROPOSED, "reason": "What one site can keep, until there are two."}
        made = await stage.post(f"/api/v1/reviews/{review_id}/target-revision-proposals", body)

        async def drafted() -> dict[str, Any] | None:
            seen = await stage.get(f"/api/v1/target-revision-proposals/{made['proposal_id']}")
            return seen if seen["state"] == "drafted" else None

        proposal = await stage.patience.until(drafted, "a draft amendment for the proposal")
        version = proposal["amendment_version"]
        amendment = await stage.get(f"/api/v1/agreements/{stage.agreement_id}", version=str(version))
        _expect(amendment["proposal_id"] == made["proposal_id"], "an amendment that names its proposal")
        _expect(amendment["revision"]["hash"] == proposal["amendment_revision_hash"], "one revision on both sides")
        line.text = (
            f"availability {terms.AVAILABILITY_PERCENT} → {_PROPOSED['at_least']} %: "
            f"version {version} of the agreement is drafted, linked both ways"
        )


async def breaches_in_force(stage: PlayStage, position: str) -> list[str]:
    """Return the ids of the breaches in force that became certain within the minutes of the schedule.

    Every installation with this clock has the same ids. ``position`` is the value of the query parameter
    ``min_position``: the facts up to it must have been evaluated.
    """
    with stage.terminal.stage_line("digest") as line:

        async def judged() -> list[dict[str, Any]] | None:
            return await stage.items("/api/v1/breaches", standing="true", min_position=position)

        found = await stage.patience.until(judged, "all facts judged")
        end = stage.schedule.at(schedule.LAST + 1)
        ids = sorted(each["breach_id"] for each in found if from_text(each["certain_at"]) < end)
        line.text = (
            f"{digest_of_ids(ids)} of {wording.count_in_words(len(ids), 'standing breach', 'standing breaches')}"
        )
    return ids


def digest_of_ids(breach_ids: Iterable[str]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 over the sorted ids, with one id on each line."""
    return hashlib.sha256("\n".join(sorted(breach_ids)).encode()).hexdigest()[:16]


_CONCLUSION = {
    "summary": "Checkout was away twice: a failed deployment, then its repair. Answers were slow in between.",
    "attendees": ["Ada Byron", "Carl Friedrich"],
}
_ACTION = {
    "text": "Switch to the second site automatically when health checks fail.",
    "owner": "Checkout operations",
    "target": _AT_RISK,
    "expected_change": "An outage of the first site lasts seconds, not minutes.",
}


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise UnexpectedAnswer(f"expected {what}")


def _time(instant: int) -> str:
    return to_text(instant)[11:19]
