"""The metrics that only monitor-svc has, in addition to the metrics of every service."""

from __future__ import annotations

from slm_chassis.metrics import Metrics
from slm_monitor.application.state.partition_step import PartitionStepChanges


class MonitorMetrics(Metrics):
    """The metrics whose names begin with ``slm_monitor_``."""

    def __init__(self) -> None:
        super().__init__("monitor")
        self._aside: set[str] = set()
        self.intake_behind = self.gauge(
            "intake_behind_records", "Records accepted and not evaluated yet.", "topic", "partition"
        )
        self.unjudgeable_targets = self.gauge(
            "unjudgeable_targets", "Failed targets of this replica: their evaluation raises an error."
        )

        self.sources_aside = self.counter(
            "sources_set_aside_total", "Sources that this replica has suspended, because too many of their facts fail."
        )

    def stepped(self, step: PartitionStepChanges) -> None:
        """Update the number of failed targets and the count of suspended sources after a committed
        step of a partition.
        """
        for target_id, reason in step.changes.unjudgeable.items():
            (self._aside.discard if reason is None else self._aside.add)(target_id)
            self.unjudgeable_targets.set(len(self._aside))

        self.sources_aside.inc(len(step.sources))

    def behind(self, topic: str, partition: int, records: int) -> None:
        self.intake_behind.labels(topic, str(partition)).set(records)
