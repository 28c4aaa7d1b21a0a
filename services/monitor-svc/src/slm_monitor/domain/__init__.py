"""The rules that evaluate service levels: pure functions of facts, terms and an instant.

Each package may import the packages below it, and no package above it or beside it. From the bottom:

* ``facts``: what producers sent;
* ``terms``: what the parties agreed;
* ``series``, ``states``, ``clocks``, ``exclusions``: facts arranged for evaluation, one package for each kind of data;
* ``lifecycle``, ``intake``: how published results change; which items are accepted;
* ``windows``, ``tickets``: evaluation of calendar windows, and of tickets;
* ``rolling``: evaluation of rolling windows.

Nothing here does I/O, reads a clock or knows a framework.
"""
