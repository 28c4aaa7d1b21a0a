"""The use cases of pulls: make and change them, ask the tools, and take what they answer in as tickets.

This package must not judge: the tickets go to the intake, like those that a hook brings.
"""
