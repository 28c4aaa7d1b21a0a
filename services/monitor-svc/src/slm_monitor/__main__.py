"""Entry point of ``python -m slm_monitor``: runs monitor-svc alone, with its settings from the environment."""

from __future__ import annotations

from slm_chassis import app
from slm_monitor import bootstrap
from slm_monitor.settings import MonitorSettings

if __name__ == "__main__":
    app.main("monitor", bootstrap.build, MonitorSettings)
