"""monitor-svc: takes in measurements and ticket events, evaluates service level targets, and publishes breaches."""
