"""A recording of the public API: every answer and event of a fixed scenario, kept beside the code.

``make record`` plays the scenario and writes the recording anew; ``test_recording.py`` plays it and compares.
"""
