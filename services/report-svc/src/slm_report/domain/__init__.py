"""The rules of a service report: periods, lines, verdicts and the display of figures. No I/O and no clock."""
