"""The use cases of hooks: make and change them, take in their calls, and try mappings on payloads.

This package must not evaluate facts. It hands the facts of a call to the intake, like facts that are sent directly.
"""
