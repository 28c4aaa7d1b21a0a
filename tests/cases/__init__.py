"""The published known answers, run through the previews; ``make cases F=file.json``."""
