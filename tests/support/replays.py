"""Replays of a history in one partition: in order, or shuffled, repeated and interrupted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from structlog.testing import capture_logs

from slm_calendar.critical_periods import parse_critical_periods
from slm_calendar.window_schedules import schedule_of_terms
from slm_events.aggregations import is_of_clock
from slm_events.catalogue import MEASUREMENTS
from slm_events.instants import from_text, to_text
from slm_events.monitor import TargetBreached, WindowRestated
from slm_monitor.application.engine.partition import Partition, PartitionStepInput
from slm_monitor.application.explain.explanation import ExplanationQuestion, explain_window
from slm_monitor.application.history.fact_history import TargetIdentity
from slm_monitor.application.state.exclusion_index import CAUSE as EXCLUSION
from slm_monitor.application.state.loaded_partition import ImportHold
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.domain.facts.intake_items import COUNTED_KINDS
from slm_monitor.domain.lifecycle.reconciliation import DISPUTE
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges, TargetWindow
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.terms_history import TargetTermsHistory
from tests.support.decisions import Decision, Overturned
from tests.support.histories import KINDS, SITES, History, Told
from tests.support.history_terms import END, PERIODS, TARGETS
from tests.support.memory_history import MemoryHistory
from tests.support.memory_store import MemoryEvaluationStore
from tests.support.monitor import AGREEMENT, DAY, HOUR, PROVIDER


def shuffled(told: Sequence[Told], random: Random, latest: int) -> list[tuple[int, Told]]:
    """Return each fact and decision one to five times, up to ``latest`` after it happened, as (instant of arrival, it).

    Terms arrive within an hour, because a closed window keeps its terms. Now and then a fact arrives before its own
    instant, like a fact of the future that was quarantined and released.
    """
    coming = []
    for number, each in enumerate(told):
        earliest = -DAY if each.decision is None and random.random() < 0.02 else 0
        bounds = (earliest, min(latest, HOUR) if each.is_terms else latest)
        coming += [(each.due + random.randrange(*bounds), number, each) for _ in range(random.randrange(1, 6))]
    return [(instant, each) for instant, _, each in sorted(coming, key=lambda one: one[:2])]


@dataclass
class Replay:
    """A partition that receives the facts and decisions of a history."""

    store: MemoryEvaluationStore
    partition: Partition
    undecided: list[Decision] = field(default_factory=list)
    """Disputes whose breach does not exist yet."""
    disputes: list[Told] = field(default_factory=list)
    """The disputes that this replay has decided."""
    accepted: dict[tuple[str, str], tuple[TargetWindow, list[str]]] = field(default_factory=dict)
    """Windows that both parties have accepted, as they were then, with the breaches then in force."""

    @classmethod
    async def begin(cls, of: History) -> Replay:
        store = MemoryEvaluationStore()
        store.registered.update(of.indicators)
        replay = cls(store, Partition(await store.take_over(0), store, 1))
        return replay

    async def restart(self) -> None:
        """Restart the partition from its store."""
        loaded = await self.store.take_over(0)
        self.partition = Partition(loaded, self.store, 1)
        await self.partition.recover(loaded)

    async def save(self, now: int, is_whole: bool = True) -> None:
        self.partition.settle()
        checkpoint = await self.partition.checkpoint(now, is_whole)
        if checkpoint is not None:
            await self.store.checkpoint(0, self.partition.epoch, checkpoint)

    async def lose(self, told: Sequence[Told], now: int) -> None:
        """Run a step that is never committed, and restart the partition."""
        await self.partition.step(await self._taken(told, now), now)
        await self.restart()

    async def _taken(self, told: Sequence[Told], now: int) -> PartitionStepInput:
        self.undecided += [each.decision for each in told if each.decision is not None]
        for decision in [each for each in self.undecided if each.may_reach(self.store)]:
            self.undecided.remove(decision)
            decision.reach(self.store)
        return PartitionStepInput(
            positions={MEASUREMENTS.name: self.partition.positions[MEASUREMENTS.name] + len(told)},
            values=[each.values for each in told if each.values is not None],
            facts=[each.fact for each in told if each.fact is not None],
            inbox=await self.store.inbox([0]),
            watermark=now,
        )

    def hold(self, random: Random, now: int) -> None:
        """Open an import of some indicators, or of tickets, that holds what lies before some instant.

        The import ends by itself unless ``release`` completes it before.
        """
        sources = frozenset({"desk"} if random.random() < 0.3 else ())
        named = frozenset(random.sample(list(KINDS), 3))
        through = now - random.choice([0, 0, random.randrange(2 * DAY)])
        hold = ImportHold(f"import-{now}", PROVIDER, named, sources, through, now + random.randrange(2 * DAY))
        self.store.holds[hold.import_id] = hold
        self.store.tell("hold", import_id=hold.import_id)

    def release(self) -> None:
        """Complete the imports, after all their facts were accepted."""
        for import_id, hold in list(self.store.holds.items()):
            if hold.release is None:
                taken = {f"{MEASUREMENTS.name}:0": self.store.positions[MEASUREMENTS.name]}
                self.store.holds[import_id] = replace(hold, release=taken)
                self.store.tell("release", import_id=import_id)

    async def hear(self, told: Sequence[Told], now: int) -> PartitionStepChanges:
        """Run one step with these facts and decisions, and with the timers that are due."""
        step = await self._commit(await self._taken(told, now), now)
        # What is made of others is judged once all of that is in the record, and the news of it are heard.
        inbox, due = await self.store.inbox([0]), self.partition.derived_due()
        if inbox or (due is not None and due <= now):
            await self._commit(
                PartitionStepInput(inbox=inbox, global_watermark=now, behind=await self.store.behind()), now
            )
        return step

    async def _commit(self, work: PartitionStepInput, now: int) -> PartitionStepChanges:
        step = await self.partition.step(work, now)
        if not step.is_empty:
            blob_seq = await self.store.commit(0, self.partition.epoch, step)
            if blob_seq is not None:
                self.partition.blob_seq = blob_seq
        return step

    def stumble(self, names: Collection[str]) -> None:
        """Make the evaluation of some targets fail half-way: they stay failed until a restart."""
        aside = self.partition._aside
        whole = aside.attempt

        @contextmanager
        def attempt(
            line: TargetTermsHistory, changes: EvaluationChanges, mark: Mapping[str, Any] | None = None
        ) -> Iterator[EvaluationChanges]:
            with whole(line, changes, mark) as own:
                yield own
                if line.target_id in names:
                    raise ArithmeticError("it cannot be judged")

        aside.attempt = attempt  # type: ignore[method-assign]

    def dispute(self, random: Random, now: int) -> None:
        """Annul a breach in force by a dispute."""
        target_state = sorted(each.breach_id for each in self.store.breaches.values() if each.standing)
        if target_state:
            decided = Overturned.of(self.store.breaches[random.choice(target_state)])
            decided.reach(self.store)
            self.disputes.append(Told(now, decision=decided))

    def accept(self, random: Random, now: int) -> None:
        """Accept for both parties some of the closed windows at their present figure, and some at an earlier one."""
        accepted = []
        for key, window in sorted(self.store.windows.items()):
            if window.closed_at is None or window.frozen_at is not None or random.random() < 0.8:
                continue
            if window.revision and random.random() < 0.3:
                accepted.append((*key, window.revision - 1))
            else:
                accepted.append((*key, window.revision))
                self.store.acceptances[key] = (window.revision, now)
                self.accepted[key] = copy(window), self.breaches_of(key)
        self.store.tell("accepted", windows=accepted, accepted_at=now)

    def breaches_of(self, key: tuple[str, str]) -> list[str]:
        """Return the ids of the breaches in force of a window."""
        found = self.store.breaches.values()
        return sorted(each.breach_id for each in found if each.standing and (each.target_id, each.window_id) == key)

    async def finish(self) -> None:
        """Run steps until nothing is left to do. Disputes of breaches that do not exist in this replay come last."""
        await self._rest()
        for decision in self.undecided:
            decision.reach(self.store)
        self.undecided.clear()
        await self._rest()
        await self.save(END)
        self.stands_as_published()
        assert not self.store.unjudgeable, self.store.unjudgeable

    def stands_as_published(self) -> None:
        """Check that every breach in the store is as it was last published."""
        told: dict[str, TargetBreached] = {}
        for each in self.store.events:
            if isinstance(each.event, TargetBreached):
                told[each.event.breach_id] = each.event
        for breach in self.store.breaches.values():
            if breach.standing:
                last = told[breach.breach_id]
                published = (last.revision, last.certain_at, last.figure, last.figure_display, last.shortfall)
                names = ("revision", "certain_at", "figure", "figure_display", "shortfall")
                assert published == tuple(breach.document[name] for name in names), breach
                assert (breach.revision, to_text(breach.certain_at)) == published[:2] and breach.pending is None, breach

    async def _rest(self) -> None:
        for _ in range(10_000):
            step = await self.hear([], END)
            due = self.partition.next_due()
            derived = self.partition.derived_due()
            is_due = any(each is not None and each <= END for each in (due, derived))
            if step.is_empty and not is_due and not self.partition.has_waiting and not await self.store.inbox([0]):
                break
        else:
            raise AssertionError("the judge never comes to rest")

    def restatements(self) -> int:
        """Return the number of restatements that facts caused.

        Others do not count: decisions may come long after a window has closed, and a derived target only learns that
        its members have changed.
        """
        told = [each.event for each in self.store.events if isinstance(each.event, WindowRestated)]
        made = {each["target_id"] for each in TARGETS if each["indicator"] is None}
        return sum(event.cause not in (EXCLUSION, DISPUTE) and event.target_id not in made for event in told)

    async def figures(self) -> dict[str, Any]:
        """Return the results that must be equal for every order of arrival."""
        keys = {named.target_id: key for key, _, named in judged()}
        store = self.store
        windows = {
            f"{keys[each.target_id]} {each.window_id}": [
                each.version,
                each.start,
                each.end,
                each.verdict,
                each.good,
                each.total,
                each.figure,
                each.display,
                _figures(each.detail),
                each.closed_at is not None,
            ]
            for each in store.windows.values()
        }
        breaches = [
            [
                keys[each.target_id],
                each.window_id,
                each.breach_id,
                each.level,
                each.ordinal,
                each.certain_at,
                each.until,
                each.subject,
                each.document["figure"],
            ]
            for each in store.breaches.values()
            if each.standing
        ]
        clocks = {
            f"{keys[key[0]]} {key[1]} {key[2]}": {
                name: getattr(entry.clock, name) for name in entry.clock.__dataclass_fields__ if name != "target"
            }
            | {"version": entry.clock.target.version, "due_at": entry.due_at, "excused": entry.excused}
            for key, entry in store.clocks.items()
        }
        # An indicator that is added up was heard of at an instant even where that word is taken back.
        silent = {
            name: None if store.registered[name].kind in COUNTED_KINDS else since
            for name, since in sorted(store.silences.items())
        }
        return {"windows": windows, "breaches": sorted(breaches), "clocks": clocks, "silent": silent}

    async def explained(self) -> dict[str, str]:
        """Return target → the derivation of one of its windows as text, with a figure that equals the evaluation's."""
        told = {}
        for key, each, named in judged():
            is_explained = not is_of_clock(each["aggregation"])
            if is_explained and "rolling" not in each["window"]:
                schedule = schedule_of_terms(each["window"], "UTC", parse_critical_periods(PERIODS, "UTC", None))
                window = None if schedule is None else schedule.at(from_text("2026-11-07T12:00:00Z"))
                assert window is not None
                document = await explain_window(MemoryHistory(self.store), named, ExplanationQuestion(window.id), END)
                established = self.store.windows[named.target_id, document["window"]["id"]]
                assert document["figure"] == established.figure, key
                told[key] = json.dumps(document, sort_keys=True, default=str)
            elif is_explained:
                told |= await self._explained_runs(key, each["window"]["rolling"], named)
        return told

    async def _explained_runs(self, key: str, window: str, named: TargetIdentity) -> dict[str, str]:
        """Return the derivations of the two windows in which a target's first and last breach became certain."""
        told = {}
        target_state = [
            each for each in self.store.breaches.values() if each.standing and each.target_id == named.target_id
        ]
        ordered = sorted(target_state, key=lambda breach: (breach.certain_at, breach.level))
        for breach in [*ordered[:1], *ordered[-1:]]:
            asked = ExplanationQuestion(window, at=breach.certain_at)
            document = await explain_window(MemoryHistory(self.store), named, asked, END)
            assert document["figure"] == breach.document["figure"], (key, to_text(breach.certain_at))
            told[f"{key} {breach.certain_at}"] = json.dumps(document, sort_keys=True, default=str)
        return told


def judged() -> Iterator[tuple[str, Mapping[str, Any], TargetIdentity]]:
    """Yield (key, agreed target, identity) of each target, and of each instance of a target with labels."""
    for each in TARGETS:
        if not each.get("group_by"):
            yield each["key"], each, TargetIdentity(AGREEMENT, each["target_id"])
            continue
        for site in SITES:
            identity = instances.derive_target_instance_id(each["target_id"], (("site", site),))
            yield f"{each['key']}[{site}]", each, TargetIdentity(AGREEMENT, identity, each["target_id"], {"site": site})


def _figures(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a window's detail without ``judged_to``, which says when it was last evaluated and is no result."""
    return {name: value for name, value in detail.items() if name != "judged_to"}


async def in_order(of: History, at_once: int = 100) -> Replay:
    """Replay everything once, in the order in which it happened; now and then a breach is disputed."""
    replay, random = await Replay.begin(of), Random(of.seed)
    for start in range(0, len(of.told), at_once):
        part = of.told[start : start + at_once]
        await replay.hear(part, part[-1].due)
        if random.random() < 0.3:
            replay.dispute(random, part[-1].due)
    await replay.finish()
    return replay


async def out_of_order(
    of: History, disputes: Sequence[Told], random: Random, latest: int, *, accepting: bool = False
) -> Replay:
    """Replay everything shuffled and repeated, with imports, checkpoints, restarts and lost steps in between.

    ``accepting``: also with periods that both parties accept.
    """
    replay = await Replay.begin(of)
    coming = shuffled([*of.told, *disputes], random, latest)
    # What is said of those that stumble is of no use here, and slow to write.
    with capture_logs():
        while coming:
            size = random.randrange(1, 400)
            part, coming = coming[:size], coming[size:]
            now = part[-1][0]
            if random.random() < 0.07:
                replay.hold(random, now)
            if random.random() < 0.2:
                replay.release()
            if accepting and random.random() < 0.5:
                replay.accept(random, now)
            if random.random() < 0.07:
                replay.stumble(random.sample([named.target_id for _, _, named in judged()], 3))
            if random.random() < 0.05:
                await replay.lose([each for _, each in part], now)
            await replay.hear([each for _, each in part], now)
            if random.random() < 0.3:
                await replay.save(now, random.random() < 0.5)
            if random.random() < 0.1:
                await replay.restart()
    replay.release()
    await replay.restart()
    await replay.finish()
    return replay
