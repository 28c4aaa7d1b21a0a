"""Settings of monitor-svc, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from slm_chassis.outgoing import NetworkList
from slm_chassis.settings import ServiceSettings


class MonitorSettings(ServiceSettings):
    """Settings of monitor-svc. Each field is read from ``SLM_MONITOR_<FIELD>``, otherwise from ``SLM_<FIELD>``."""

    context: ClassVar[str] = "monitor"

    most_behind: int = Field(default=10_000, ge=1)
    """The most records of one partition that may wait to be evaluated. If more records wait, new facts are refused with
    status 429.
    """
    retention_days: int | None = Field(default=None, ge=1)
    """Days for which a fact is kept after its receipt. None: facts are kept for ever."""
    most_streams: int = Field(default=5_000, ge=1)
    """The most live streams that one replica keeps open at a time. Further streams are refused with status 503."""
    most_metric_targets: int = Field(default=200, ge=1)
    """The most targets that have series in one answer of ``/api/v1/target-metrics``. Each target has about thirty
    series. The answer says how many targets it leaves out.
    """
    connectors: Path | None = None
    """A folder with further connectors, each a folder as in `shared/mappings/src/slm_mappings/connectors`. If the
    product has a connector of the same name, the connector in this folder replaces it.
    """
    allowed_networks: NetworkList = ""
    """Networks inside which pulls may ask tools, separated by commas, such as ``10.20.0.0/16``. If empty, pulls ask
    tools at public addresses only.
    """
    pull_request_seconds: float = Field(default=30.0, gt=0, le=300)
    """How many seconds of the real clock, not of an accelerated one, a tool has to answer a request of a pull."""
    sources: dict[str, str] = Field(default_factory=dict)
    """The systems that may write to the intake topics directly: ``ce_source`` of their records → id of the party whose
    facts they send. The value ``*`` marks a source of the operator, whose items name their ``owner``. Records of any
    other source go to the quarantine.
    """
