"""Pulls, the position up to which each has read, and the log of their runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.queries import SampleQuery

MOST_PULLS = 20
"""The most pulls of a party."""
MOST_RUNS = 100
"""The most runs that are kept for one pull: the latest ones."""
MOST_ERRORS = 20
"""The most errors that a run keeps."""
MOST_MISSING = 1_000
"""The most missing tickets that a reconciliation remembers."""
NEVER: UtcMicroseconds = 2**62
"""An instant later than any other: something that is due then never happens."""
RunKind = Literal["changes", "reconciliation"]
RunOutcome = Literal["running", "done", "partial", "held", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class PullAuthentication:
    """How a pull authenticates to the tool.

    - ``kind``: ``none``, ``basic``, ``bearer``, ``token`` (Zammad's own scheme) or ``oauth`` (client credentials).
    - ``user``: the user of ``basic`` or the client of ``oauth``.
    """

    kind: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Pull:
    """A tool that is asked regularly for its tickets, for the samples of a query, or for outages.

    - ``address``: address of the tool; ``path``: the path of the requests, below this address.
    - ``filter``: a condition in the tool's own language that every ticket fulfils; empty for all tickets.
    - ``every_seconds``: real seconds between two requests for changes.
    - ``reconcile_at``, ``zone``: the local time of the nightly reconciliation, such as ``02:30``.
    - ``cancels_missing``: whether a ticket is cancelled if the tool does not show it in two reconciliations in a row.
    """

    pull_id: str
    party_id: str
    title: str
    connector: str
    source: str
    address: str
    path: str
    filter: str
    mapping: str
    authentication: PullAuthentication
    every_seconds: int
    reconcile_at: str
    zone: str
    cancels_missing: bool
    is_paused: bool
    version: int
    created_at: UtcMicroseconds
    created_by_principal_id: str
    query: SampleQuery | None = None
    """The query whose samples are read; None: tickets or outages are read."""


@dataclass(frozen=True, slots=True)
class Position:
    """The position up to which the changes of a tool have been read.

    - ``since``: everything that changed before this instant of the tool's clock has been read.
    - ``after``: where the next request continues, in the tool's own form, if the changes of one unit of time fill more
      than one answer; otherwise empty. For outages, the ETag of the document that was read.
    - ``extra``: for tickets, how many more than usual a request asks for. This is needed if the tool counts the usual
      number of tickets but shows none of them to this account. For samples, how many instants a request names, if fewer
      than usual. Otherwise 0.
    """

    since: UtcMicroseconds
    after: str = ""
    extra: int = 0


@dataclass(frozen=True, slots=True)
class ReconciliationProgress:
    """How far a reconciliation has come. The stage ``open`` reads the tickets that are open in the tool. The stage
    ``known`` then asks for the tickets that are still open in this product.
    """

    stage: Literal["open", "known"] = "open"
    after: str = ""
    extra: int = 0
    asked: int = 0
    """How many of the tickets that are open in this product have been requested from the tool so far."""
    missing: tuple[str, ...] = ()
    """The numbers of tickets that were requested but that the tool does not show."""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """What a pull has done, and when it works next. Instants are of the real clock, not of an accelerated one.

    - ``hold_until``: the pull sends no request before this instant; ``is_held_by_tool``: whether the tool asked for
      this.
    - ``failures``: failed runs in a row; ``problem``: why the last run failed, empty after a success.
    - ``refused_since``: the earliest change of a ticket that the mapping could not read; None if there is none.
    - ``missing``: the tickets that the tool did not show in the last reconciliation.
    """

    position: Position
    changes_due_at: UtcMicroseconds
    reconcile_due_at: UtcMicroseconds
    hold_until: UtcMicroseconds = 0
    is_held_by_tool: bool = False
    failures: int = 0
    problem: str = ""
    succeeded_at: UtcMicroseconds | None = None
    reconciled_at: UtcMicroseconds | None = None
    refused_since: UtcMicroseconds | None = None
    reconciling: ReconciliationProgress | None = None
    missing: tuple[str, ...] = ()

    def due_at(self) -> UtcMicroseconds:
        """Return when the pull sends its next request, if it is not paused."""
        return max(self.hold_until, min(self.changes_due_at, self.reconcile_due_at))


@dataclass(frozen=True, slots=True)
class PullRun:
    """A run of a pull, with its results. Instants are of the real clock, not of an accelerated one.

    - ``requests``: requests that were sent; ``tickets``: tickets that were read; ``changed``: tickets with new events.
    - ``samples``: samples, outages or states that were read; ``ignored``: the part of them that belongs to no
      indicator.
    - ``refused``: tickets, samples or outages that could not be taken in; ``errors`` has the reasons for the first of
      them.
    - ``missing``: numbers of tickets that the tool does not show, in a reconciliation.
    """

    run_id: str
    pull_id: str
    kind: RunKind
    started_at: UtcMicroseconds
    ended_at: UtcMicroseconds | None = None
    outcome: RunOutcome = "running"
    requests: int = 0
    tickets: int = 0
    changed: int = 0
    refused: int = 0
    problem: str = ""
    errors: tuple[dict[str, Any], ...] = ()
    missing: tuple[str, ...] = ()
    samples: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class ClaimedPull:
    """A pull that only this process runs until the lease ends. Each time that the run stores something, the lease is
    renewed.

    ``secret`` is not part of ``repr``, so that it gets into no log.
    """

    pull: Pull
    progress: PullProgress
    run: PullRun
    lease_id: str
    secret: str = field(default="", repr=False)


class PullRefusal(Exception):
    """A use case of pulls refuses a request; each subclass is a reason."""


class NoSuchPull(PullRefusal):
    """No pull has this id, or the caller may not see it."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"There is no pull {identity!r} that you may see.")
        self.identity = identity


class InvalidPull(PullRefusal):
    """Fields are not valid. ``errors`` has field, value and remedy for each invalid field."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{each['field']}: {each['remedy']}" for each in errors))
        self.errors = errors


class PullWithoutParty(PullRefusal):
    """The caller belongs to no party."""


class TooManyPulls(PullRefusal):
    """The party has as many pulls as it may have."""


class LeaseLost(Exception):
    """The lease of a run has ended and another process has the pull, or the pull was changed or removed."""


class ToolTrouble(Exception):
    """The tool did not answer a request as it should. ``problem`` is a sentence for the pull's party.

    ``wait``: microseconds that the tool asks to wait. ``is_limit``: the tool refuses because there were too many
    requests. ``is_question``: the tool does not accept the request itself. ``is_too_much``: the request asked for too
    much; a smaller request may succeed.
    """

    def __init__(
        self,
        problem: str,
        *,
        wait: int | None = None,
        is_limit: bool = False,
        is_question: bool = False,
        is_too_much: bool = False,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.wait = wait
        self.is_limit = is_limit
        self.is_question = is_question
        self.is_too_much = is_too_much
