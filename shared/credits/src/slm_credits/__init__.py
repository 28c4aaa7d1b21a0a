"""Credit schedules, and the credit of a closed window: pure arithmetic of money."""
