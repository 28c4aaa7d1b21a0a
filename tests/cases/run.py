"""``make cases F=file.json``: every case through the previews, a line for each that is not passed, and the count."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
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
    """The outcome of a case. ``ours`` and ``theirs`` are the fields that differ."""

    status: str
    case: Case
    ours: Any = None
    theirs: Any = None
    why: str = ""

    def line(self) -> str:
        """The outcome as one line: id, source, ours, theirs."""
        told = "" if self.ours is None else f"ours {_shown(self.ours)}  theirs {_shown(self.theirs)}  "
        return f"{self.status:9} {self.case.id}  [{self.case.source[:60]}]  {told}{self.why}"


def outcome(case: Case) -> Outcome:
    """Ask our engine what the case asks, and compare."""
    ours: Mapping[str, Any] = {}
    try:
        ours = answers(case)
        problem, status = "", FAILED
    except Unmapped as missing:
        ours, problem, status = missing.ours, str(missing), UNMAPPED
    except Refused as refused:
        problem, status = f"refused: {refused}", FAILED
    except AssertionError as fault:
        problem, status = f"a fault of ours: {fault}", FAILED
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration, ArithmeticError) as error:
        # A shape that the mapping has not met: it says nothing of the engine.
        problem, status = f"{type(error).__name__}: {error}", UNMAPPED
    answered = {name: value for name, value in case.expected.items() if name in ours}
    found = list(differences(ours, answered, case.data.get("tolerance")))
    if not found and not problem:
        return Outcome(PASSED, case)
    fields = {path.split(".")[0].split("[")[0] for path, _, _ in found} | case.expected.keys() - ours.keys()
    explained = explanation_of(case, fields, ours)
    if explained is not None:
        status, problem = EXPLAINED, explained.reason
    return Outcome(status, case, _told(found, 1) or None, _told(found, 2) or None, problem)


def _told(found: Sequence[tuple[str, Any, Any]], side: int) -> dict[str, Any]:
    return {each[0]: each[side] for each in found}


def report(paths: Sequence[Path]) -> tuple[list[str], Counter[str]]:
    """Print a line for each case that did not pass, and the number of cases of each status."""
    outcomes = [each for path in paths for each in _outcomes(path)]
    lines = [each.line() for each in outcomes if each.status != PASSED]
    return lines, Counter(each.status for each in outcomes)


def _outcomes(path: Path) -> list[Outcome]:
    try:
        cases = reading.cases(path)
    except (OSError, ValueError, TypeError, LookupError) as error:
        unread = reading.case_of({"id": path.name, "source": "a file that cannot be read"})
        return [Outcome(UNMAPPED, unread, why=f"{type(error).__name__}: {error}")]
    return [outcome(case) for case in cases]


def main(arguments: Sequence[str]) -> int:
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
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    sys.exit(main(sys.argv[1:] or [os.environ.get("F", "")]))
