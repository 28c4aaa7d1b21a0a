"""A simulation of the part of Prometheus' HTTP API that pulls of samples use, after its documentation, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.simulated_tool import SimulatedAnswer, SimulatedRequest, SimulatedTool

QUERY_RANGE = "/api/v1/query_range"


@dataclass
class SimulatedPrometheus(SimulatedTool):
    """Series with values at given seconds. ``most_points``: it refuses questions for more instants, as a server does
    whose answers would need too much memory.
    """

    series: list[tuple[Mapping[str, str], dict[int, str]]] = field(default_factory=list)
    most_points: int = 11_000

    def add(self, labels: Mapping[str, str], values: Mapping[int, float | str]) -> None:
        """Add a series: seconds since 1970 → value."""
        self.series.append((labels, {at: str(value) for at, value in values.items()}))

    def answer(self, request: SimulatedRequest) -> SimulatedAnswer:
        given = request.parameters
        if request.path != QUERY_RANGE or "query" not in given:
            return SimulatedAnswer(404, {"status": "error", "errorType": "not_found", "error": "no such path"})
        start, end, step = (int(given[name]) for name in ("start", "end", "step"))
        if (end - start) // step + 1 > self.most_points:
            said = "query processing would load too many samples into memory in query execution"
            return SimulatedAnswer(422, {"status": "error", "errorType": "execution", "error": said})
        found: list[dict[str, Any]] = []
        for labels, values in self.series:
            pairs = [[at, values[at]] for at in range(start, end + 1, step) if at in values]
            if pairs:
                found.append({"metric": dict(labels), "values": pairs})
        return SimulatedAnswer(200, {"status": "success", "data": {"resultType": "matrix", "result": found}})

    def pieces(self) -> list[tuple[int, int]]:
        """Return the first and the last instant of each question, in order."""
        return [(int(each.parameters["start"]), int(each.parameters["end"])) for each in self.asked]
