"""The mapping language: what the fields of other systems' records mean, as ticket events and measurements."""
