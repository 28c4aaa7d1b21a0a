"""``python -m slm_review``: the service alone, told by its environment."""

from __future__ import annotations

from slm_chassis import app
from slm_review import bootstrap
from slm_review.settings import ReviewSettings

if __name__ == "__main__":
    app.main("review", bootstrap.build, ReviewSettings)
