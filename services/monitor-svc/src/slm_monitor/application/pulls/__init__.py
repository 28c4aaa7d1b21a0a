"""The use cases of pulls: make and change them, send requests to the tools, and take in the tickets of the answers.

This package must not judge: the tickets go to the intake, like tickets that a hook receives.
"""
