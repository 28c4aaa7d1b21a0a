"""Run notification-svc alone: ``python -m slm_notification``."""

from __future__ import annotations

from slm_chassis import app
from slm_notification import bootstrap
from slm_notification.settings import NotificationSettings

if __name__ == "__main__":
    app.main("notification", bootstrap.build, NotificationSettings)
