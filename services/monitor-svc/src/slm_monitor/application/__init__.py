"""What monitor-svc does: takes facts in, hears of agreements, judges."""
