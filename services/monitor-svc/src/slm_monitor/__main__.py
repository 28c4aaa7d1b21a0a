"""``python -m slm_monitor``: the service alone, told by its environment."""

from __future__ import annotations

from slm_chassis import app
from slm_monitor import bootstrap
from slm_monitor.settings import MonitorSettings

if __name__ == "__main__":
    app.main("monitor", bootstrap.build, MonitorSettings)
