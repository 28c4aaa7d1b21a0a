"""Gauges as text for Prometheus: in its own text format, or in OpenMetrics where a client prefers that.

Unlike the metrics of the module ``metrics``, these gauges are made for one answer, from data that the caller may see,
and are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

PLAIN, OPENMETRICS = "text/plain", "application/openmetrics-text"
CONTENT_TYPES = {PLAIN: CONTENT_TYPE_PLAIN_0_0_4, OPENMETRICS: openmetrics.CONTENT_TYPE_LATEST}
"""Media type → ``Content-Type`` header of an answer of this media type, which also names the version of the format."""
MOST_CHARACTERS = 120
"""The most characters of a label's value. A longer value is cut and ends in ``…``."""
_INFO = "_info"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class GaugeDescription:
    """The name of a gauge, what its value means, and the names of its labels.

    A gauge whose name ends in ``_info`` is always 1; its information is in its labels.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()


class GaugeTable(Collector):
    """Gauges with their values. A described gauge without values still has its name and help in the text."""

    def __init__(self, described: Sequence[GaugeDescription]) -> None:
        self._metrics: dict[str, Metric] = {}
        for each in described:
            is_info = each.name.endswith(_INFO)
            family = each.name.removesuffix(_INFO) if is_info else each.name
            self._metrics[each.name] = Metric(family, each.help, "info" if is_info else "gauge")
        self._labels = {each.name: each.labels for each in described}

    def add(self, name: str, labels: Mapping[str, str], value: float = 1.0) -> None:
        """Add a value. Raises KeyError for a gauge that is not described, and ValueError unless the labels are the
        described labels in the described order.
        """
        if tuple(labels) != self._labels[name]:
            raise ValueError(f"{name} has the labels {self._labels[name]}, not {tuple(labels)}")
        self._metrics[name].add_sample(name, {key: _bounded(text) for key, text in labels.items()}, value)

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges with their values, in the order in which they were described."""
        yield from self._metrics.values()

    def write(self, media_type: str) -> bytes:
        """Return the gauges as text of this media type, one of ``CONTENT_TYPES``."""
        if media_type == OPENMETRICS:
            # All names are valid as they are. By default the library (0.26) replaces the colons of a series' name,
            # and of no family's.
            return bytes(openmetrics.generate_latest(self, escaping=openmetrics.ALLOWUTF8))  # type: ignore[no-untyped-call]
        return bytes(generate_latest(self))


def _bounded(text: str) -> str:
    """Return a label's value as one line, shortened if it is too long."""
    clean = _CONTROL.sub(" ", text.encode(errors="replace").decode())
    return clean if len(clean) <= MOST_CHARACTERS else clean[: MOST_CHARACTERS - 1] + "…"
