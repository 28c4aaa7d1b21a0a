"""The known answers about chains, asked through the check: on agreements that were signed, not of a preview."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from slm_calendar import durations
from tests.cases import hours, reading
from tests.cases.reading import Case
from tests.support.agreement import AgreementUnderTest
from tests.support.chains import ChainWorld, availability, clock, document, own_side, recovery

_PATH = reading.SHARED / "cases" / "chain.json"
_ABSENT = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=f"no {_PATH}"))
CASES = [pytest.param(case, id=case.id) for case in reading.cases(_PATH)] if _PATH.exists() else [_ABSENT]
_LONG = {"effective_at": "2020-01-01T00:00:00Z", "expires_at": "2035-01-01T00:00:00Z"}


@pytest.fixture
async def world(service: AgreementUnderTest) -> ChainWorld:
    return await ChainWorld.open(service)


@pytest.mark.parametrize("case", CASES)
async def test_a_known_answer_about_a_chain_holds_through_the_check(world: ChainWorld, case: Case) -> None:
    asked = {"availability": _availability, "duration": _duration, "hours": _hours, "term": _term}
    await asked.get(str(case.data["kind"]), _recovery)(world, case)


async def _availability(world: ChainWorld, case: Case) -> None:
    """The supports are agreements about services on which the service depends as the case's structure says."""
    named = [await world.support(name, document([availability(each)])) for name, each in case.data["supports"].items()]
    await world.depend(_with_services(world, case.data["structure"]))
    side, [question] = await _asked(world, [availability(case.data["sla"]["at_least"])], named)
    assert Fraction(question["achieved"]) == Fraction(case.expected["achievable_percent"])
    assert side["holds"] is question["is_enough"] is case.expected["holds"]
    if "needed" in case.expected:
        titles = {each["support_id"]: each["title"] for each in side["supports"]}
        found = {titles[each["support_id"]]: each["needed_alone"] for each in question["supports"]}
        assert found == case.expected["needed"]


def _with_services(world: ChainWorld, structure: Any) -> Any:
    if isinstance(structure, str):
        return world.others[structure].service_id
    ((kind, inside),) = structure.items()
    members = inside if kind == "serial" else inside["members"]
    named = [_with_services(world, each) for each in members]
    return {kind: named if kind == "serial" else {**inside, "members": named}}


async def _duration(world: ChainWorld, case: Case) -> None:
    promised = [case.data["supports"][name] for name in case.data["path"]]
    named = [
        await world.support(name.replace(" ", "-"), document([clock("response", each)]))
        for name, each in zip(case.data["path"], promised, strict=True)
    ]
    side, [question] = await _asked(world, [clock("response", case.data["sla"]["at_most"])], named)
    assert (question["achieved"], side["holds"]) == (case.expected["sum"], case.expected["holds"])
    short = durations.from_iso(question["achieved"]) - durations.from_iso(question["required"])
    assert durations.to_iso(short) == case.expected["short_by"]


async def _hours(world: ChainWorld, case: Case) -> None:
    provided, required = ({"h": _weekly(case.data[name])} for name in ("support_hours", "sla_hours"))
    open_ = availability("99", service_hours="h")
    named = [await world.support("desk", document([open_], service_hours=provided, term=_LONG))]
    for name, expected in case.expected.items():
        if name.startswith("week_of_"):
            begins, zone = date.fromisoformat(name.removeprefix("week_of_")), required["h"]["timezone"]
            days = (begins, begins + timedelta(days=7))
            starts_at, ends_at = (hours.local_instant(zone, str(day), "00:00") for day in days)
            term = {"effective_at": starts_at, "expires_at": ends_at}
            gap = await _gap(world, open_, named, {"service_hours": required, "term": term}, name)
            assert gap is None if expected["contained"] else gap["uncovered_seconds"] == expected["uncovered_seconds"]
    if "uncovered" in case.expected:
        gap = await _gap(world, open_, named, {"service_hours": required}, "above")
        assert gap["normal_week"] == case.expected["uncovered"]
        assert gap["normal_week_seconds"] == case.expected["uncovered_seconds_per_normal_week"]


async def _gap(world: ChainWorld, target: dict[str, Any], named: list[str], more: dict[str, Any], key: str) -> Any:
    side, [question] = await _asked(world, [target], named, key=key, **more)
    [part] = question["supports"]
    assert side["holds"] is (part["gap"] is None)
    return part["gap"]


def _weekly(written: dict[str, Any]) -> dict[str, Any]:
    days = {day: pairs for day, pairs in written.items() if day != "timezone"}
    return {"timezone": written["timezone"], "weekly": hours.weekly(days)}


async def _term(world: ChainWorld, case: Case) -> None:
    def term(first: str, last: str) -> dict[str, str]:
        after = date.fromisoformat(last) + timedelta(days=1)
        return {"effective_at": f"{first}T00:00:00Z", "expires_at": f"{after}T00:00:00Z"}

    named = [await world.support("cloud", document([availability("99.9")], term=term(*case.data["support_term"])))]
    side, _ = await _asked(world, [availability("99")], named, term=term(*case.data["sla_term"]))
    assert side["holds"] is case.expected["covers"]
    [finding] = side["findings"]
    assert (finding["code"], finding["title"]) == ("chain.term", "cloud")
    assert f"{case.expected['first_uncovered_day']} is the first day without it" in finding["remedy"]


async def _recovery(world: ChainWorld, case: Case) -> None:
    named = [
        await world.support(name, document(_recoveries(each["rto"], each["rpo"])))
        for name, each in case.data["supports"].items()
    ]
    await world.depend(_with_services(world, case.data["structure"]))
    sla = case.data["sla"]
    _, [time, point] = await _asked(world, _recoveries(sla["rto_at_most"], sla["rpo_at_most"]), named)
    assert (time["achieved"], time["is_enough"]) == (case.expected["rto"], case.expected["rto_holds"])
    assert (point["achieved"], point["is_enough"]) == (case.expected["rpo"], case.expected["rpo_holds"])


def _recoveries(time: str, point: str) -> list[dict[str, Any]]:
    minutes = [str(durations.from_iso(each) // 60_000_000) for each in (time, point)]
    return [recovery(name, each) for name, each in zip(("recovery_time", "recovery_point"), minutes, strict=True)]


async def _asked(
    world: ChainWorld, targets: list[dict[str, Any]], named: list[str], key: str = "above", **more: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Draft an agreement on these supports; return the provider's side of its check, and all questions in it."""
    status, drafted = await world.draft(document(targets, supports=named, **more), key)
    assert status == 201, drafted
    side = own_side(await world.check(drafted))
    return side, [question for target in side["targets"] for question in target["questions"]]
