"""The use cases of hooks: keep them, take their calls in, and try mappings on payloads.

The package must not judge: what a call says goes to the intake, like facts that are sent directly.
"""
