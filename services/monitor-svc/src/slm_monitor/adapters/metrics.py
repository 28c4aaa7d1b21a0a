"""What monitor-svc measures about itself beside what every service does."""

from __future__ import annotations

from slm_chassis.metrics import Metrics


class MonitorMetrics(Metrics):
    """``slm_monitor_…``."""

    def __init__(self) -> None:
        super().__init__("monitor")
        self.intake_behind = self.gauge(
            "intake_behind_records", "Records taken in and not judged yet.", "topic", "partition"
        )
        self.unjudgeable_targets = self.gauge(
            "unjudgeable_targets", "Targets set aside by this replica because judging them fails.", "partition"
        )

    def behind(self, topic: str, partition: int, records: int) -> None:
        self.intake_behind.labels(topic, str(partition)).set(records)
