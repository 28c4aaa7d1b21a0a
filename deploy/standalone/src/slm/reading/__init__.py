"""Commands that read how promises stand: ``slm status``, ``slm breaches``, ``slm explain``, ``slm watch``."""
