"""Every event one service publishes to another; standard library only."""
