"""View models of how a figure is worked out: in sentences, as a sum, and by its facts."""
