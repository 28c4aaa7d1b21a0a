"""``make cases F=file.json``: every case through the previews, a line for each that is not passed, and the count."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import structlog

from tests.cases import reading
from tests.cases.comparing import differences
from tests.cases.explained import explanation_of
from tests.cases.mapping import answers
from tests.cases.previews import Refused
from tests.cases.reading import Case, Unmapped

PASSED, FAILED, EXPLAINED, UNMAPPED = "passed", "failed", "explained", "unmapped"


@dataclass(frozen=True)
class Outcome:
    """What became of a case. ``ours`` and ``theirs`` are the fields that differ."""

    status: str
    case: Case
    ours: Any = None
    theirs: Any = None
    why: str = ""

    def line(self) -> str:
        """For people: id, source, ours, theirs."""
        told = f"ours {_shown(self.ours)}  theirs {_shown(self.theirs)}" if self.ours is not None else self.why
        return f"{self.status:9} {self.case.id}  [{self.case.source[:60]}]  {told}"


def outcome(case: Case) -> Outcome:
    """Ask our engine what the case asks, and compare."""
    try:
        ours = answers(case)
    except Unmapped as problem:
        return _unasked(UNMAPPED, case, str(problem))
    except Refused as refused:
        return _unasked(FAILED, case, f"refused: {refused}")
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration) as problem:
        # A shape that the mapping has not met: it says nothing of the engine.
        return _unasked(UNMAPPED, case, f"{type(problem).__name__}: {problem}")
    found = list(differences(ours, case.expected, case.data.get("tolerance")))
    if not found:
        return Outcome(PASSED, case)
    fields = {path.split(".")[0].split("[")[0] for path, _, _ in found}
    explained = explanation_of(case, fields)
    status, why = (FAILED, "") if explained is None else (EXPLAINED, explained.reason)
    return Outcome(status, case, {path: one for path, one, _ in found}, {path: other for path, _, other in found}, why)


def _unasked(status: str, case: Case, why: str) -> Outcome:
    explained = explanation_of(case, case.expected.keys())
    return Outcome(status, case, why=why) if explained is None else Outcome(EXPLAINED, case, why=explained.reason)


def report(paths: Sequence[Path]) -> tuple[list[str], Counter[str]]:
    """A line for each case that is not passed, and how many there are of each status."""
    outcomes = [outcome(case) for path in paths for case in reading.cases(path)]
    lines = [each.line() for each in outcomes if each.status != PASSED]
    return lines, Counter(each.status for each in outcomes)


def main(arguments: Sequence[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    paths = [Path(argument) for argument in arguments if argument] or reading.files()
    lines, counts = report(paths)
    for line in lines:
        print(line)
    print(", ".join(f"{counts[status]} {status}" for status in (PASSED, FAILED, EXPLAINED, UNMAPPED)))
    return 1 if counts[FAILED] else 0


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(each)}" for name, each in value.items()) + "}"
    return f"{float(value):.10g}" if isinstance(value, Fraction) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [os.environ.get("F", "")]))
