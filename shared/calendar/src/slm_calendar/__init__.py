"""Service hours, durations and windows: pure time arithmetic."""
