"""Pulls: regular requests to the REST API of a ticket tool, and the position up to which its changes have been read.

The package must not send requests, nor know how answers are mapped to tickets.
"""
