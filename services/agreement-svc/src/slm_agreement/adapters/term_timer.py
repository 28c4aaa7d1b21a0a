"""The worker that applies automatic changes of agreements when they are due."""

from __future__ import annotations

from slm_agreement.application import terms
from slm_agreement.application.ledger import LedgerFactory
from slm_chassis.workers import Progress, Rest

_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.2, 1.0
"""The least and the most real seconds between two looks for due changes: the least after agreements have changed."""


class TermTimer:
    """A worker that applies due changes of agreements. Several replicas may run; each change is applied once."""

    name = "term timer"

    def __init__(self, ledgers: LedgerFactory) -> None:
        self._ledgers = ledgers
        self._rest = Rest(_SHORTEST_SECONDS, _LONGEST_SECONDS)
        self.progress = Progress()

    def wake(self) -> None:
        """Look for due changes soon, because something has been committed."""
        self._rest.wake()

    async def step(self) -> int:
        """Apply the changes that are due now; return how many changes of agreements were applied."""
        turns = await terms.apply_due_changes(self._ledgers)
        self.progress.beat()
        return turns

    async def run(self) -> None:
        """Apply the automatic changes of agreements (taking effect, ending, missed answers) as they fall due.

        Runs until the task is cancelled.
        """
        while True:
            if not await self.step():
                await self._rest.take()
