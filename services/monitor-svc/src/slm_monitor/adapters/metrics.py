"""What monitor-svc measures about itself beside what every service does."""

from __future__ import annotations

from slm_chassis.metrics import Metrics
from slm_monitor.application.ports import Step


class MonitorMetrics(Metrics):
    """``slm_monitor_…``."""

    def __init__(self) -> None:
        super().__init__("monitor")
        self._aside: set[str] = set()
        self.intake_behind = self.gauge(
            "intake_behind_records", "Records taken in and not judged yet.", "topic", "partition"
        )
        self.unjudgeable_targets = self.gauge(
            "unjudgeable_targets", "Targets that this replica has set aside because judging them fails."
        )

    def stepped(self, step: Step) -> None:
        """What the judge has committed."""
        for target_id, reason in step.changes.unjudgeable.items():
            (self._aside.discard if reason is None else self._aside.add)(target_id)
            self.unjudgeable_targets.set(len(self._aside))

    def behind(self, topic: str, partition: int, records: int) -> None:
        self.intake_behind.labels(topic, str(partition)).set(records)
