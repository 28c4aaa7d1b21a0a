"""The present figures of open windows, read from monitor-svc's REST API with the API key of whoever asked for the
report.
"""

from __future__ import annotations

import json

import httpx

from slm_chassis.http.peers import Peer, PeerUnavailable
from slm_events import instants
from slm_report.domain.errors import FiguresForbidden, FiguresUnavailable
from slm_report.domain.periods import Period
from slm_report.domain.to_date import FiguresToDate, parse_figures_answer

_PATH = "/api/v1/figures"


class MonitorFigures:
    """The client of monitor-svc's API for present figures; implements ``application.ports.Figures``."""

    def __init__(self, monitor: Peer) -> None:
        self._monitor = monitor

    async def to_date(self, key: str, agreement_id: str, period: Period, closed_after: int | None) -> FiguresToDate:
        """Return the figures of the period's open windows, and of its windows that closed after ``closed_after``.

        ``closed_after`` is in microseconds UTC; if it is None, return the figures of open windows only. Raises
        FiguresUnavailable and FiguresForbidden.
        """
        params = {
            "agreement_id": agreement_id,
            "from": instants.to_text(period.start),
            "to": instants.to_text(period.end),
        }
        if closed_after is not None:
            params["closed_after"] = instants.to_text(closed_after)
        try:
            answer = await self._monitor.get(_PATH, params, key)
        except PeerUnavailable as away:
            raise FiguresUnavailable(str(away)) from away
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise FiguresForbidden(_detail(answer))
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise FiguresUnavailable("monitor-svc does not know this agreement yet")
        if answer.status_code != httpx.codes.OK:
            raise FiguresUnavailable(f"monitor-svc answered {answer.status_code}: {_detail(answer)}")
        return parse_figures_answer(answer.content)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(json.loads(answer.content).get("detail") or answer.status_code)
    except (ValueError, AttributeError):
        return str(answer.status_code)
