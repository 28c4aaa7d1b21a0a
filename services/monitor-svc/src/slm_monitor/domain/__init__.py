"""How service levels are judged: pure functions of facts, terms and an instant."""
