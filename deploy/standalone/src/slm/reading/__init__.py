"""Commands that show the state of promises: ``slm status``, ``slm breaches``, ``slm explain``, ``slm watch``."""
