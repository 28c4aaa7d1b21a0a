"""Pulls: regular questions to the REST API of a ticket tool, and the place up to which its changes have been read.

The package must not send requests, nor know how answers are mapped to tickets.
"""
