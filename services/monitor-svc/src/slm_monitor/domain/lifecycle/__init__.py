"""The life of published results: windows, breaches and risks from their first event to their last.

An evaluation is compared with what was published; each difference becomes one event. Events of targets are built only
here. This package must not know how a figure is computed, nor which kind of data it comes from.
"""
