"""Availability per component and calendar quarter of a status page's history, with nothing of the product.

``python independent_github_history.py FILE``. Down: minor, major, critical; overlaps count once.
"""

import json
import sys
from datetime import datetime
from fractions import Fraction
from pathlib import Path

QUARTERS = [(year, quarter) for year in (2022, 2023) for quarter in (1, 2, 3, 4) if (year, quarter) >= (2022, 2)]


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def bounds(year: int, quarter: int) -> tuple[int, int]:
    following = (year, quarter * 3 + 1) if quarter < 4 else (year + 1, 1)
    return seconds(f"{year}-{quarter * 3 - 2:02}-01T00:00:00Z"), seconds("{}-{:02}-01T00:00:00Z".format(*following))


def seconds_down(outages: list[tuple[int, int]], first: int, last: int) -> int:
    down, reached = 0, first
    for begin, end in sorted(outages):
        begin, end = max(begin, reached), min(end, last)
        if begin < end:
            down, reached = down + end - begin, end
    return down


def figures(path: str | Path) -> dict[tuple[str, str], Fraction]:
    """(component, "2022-Q2") → share of the quarter in which the component was up, exact."""
    outages: dict[str, list[tuple[int, int]]] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        incident = json.loads(line)
        if incident["impact"] in ("minor", "major", "critical"):
            times = seconds(incident["downtime_start"]), seconds(incident["downtime_end"])
            for component in incident.get("components", []):
                outages.setdefault(component, []).append(times)
    shares = {}
    for component in sorted(outages):
        for year, quarter in QUARTERS:
            first, last = bounds(year, quarter)
            down = seconds_down(outages[component], first, last)
            shares[component, f"{year}-Q{quarter}"] = 1 - Fraction(down, last - first)
    return shares


if __name__ == "__main__":
    for (component, quarter), share in figures(sys.argv[1]).items():
        print(f"{component:16} {quarter} {float(share * 100):.8f} %")
