"""Service reports: agreed figures against actual figures against the baseline."""
