"""Service reports: for each target the agreed, the attained and the baseline figure."""
