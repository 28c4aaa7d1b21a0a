"""The use cases of monitor-svc: it takes facts in, learns of agreements, evaluates, and answers questions.

From the bottom:

* ``state``: the ports to the outside, and what a partition keeps in memory;
* ``commands``, ``intake``: use cases that others start; the intake of facts;
* ``evaluators``: which targets are evaluated, and when;
* ``history``: the record of facts, read back;
* ``explain``: how a figure came about;
* ``engine``, ``preview``: the worker that evaluates continuously; previews and back-tests of draft terms;
* ``stream``: the live stream, which depends on none of the others.

Nothing here knows HTTP or SQL.
"""
