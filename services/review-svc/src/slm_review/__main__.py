"""Run review-svc alone: ``python -m slm_review``."""

from __future__ import annotations

from slm_chassis import app
from slm_review import bootstrap
from slm_review.settings import ReviewSettings

if __name__ == "__main__":
    app.main("review", bootstrap.build, ReviewSettings)
