"""The clocks of one ticket, replayed from its events: start, pauses, stop, deadline, and whether the deadline was met.

The package also decides which target applies to a ticket, and which team held the ticket. It must not know the
published state of a clock or other tickets, so that the same events and terms always give the same clocks.
"""
