"""The rules of a service report: periods, lines, verdicts and how figures are written; no I/O and no clock."""
