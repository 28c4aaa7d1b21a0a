"""View models of evaluated targets: figures, error budgets, services, breaches and causes."""
