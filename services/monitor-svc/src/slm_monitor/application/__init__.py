"""The use cases of monitor-svc: it takes facts in, learns of agreements, evaluates, and answers questions.

From the bottom:

* ``state``: the ports to the outside, and what a partition keeps in memory;
* ``commands``, ``intake``: what others ask for or tell; facts on their way in;
* ``evaluators``: which targets are evaluated, and when;
* ``history``: the record of facts, read back;
* ``explain``: how a figure came about;
* ``engine``, ``preview``: the worker that evaluates continuously; terms that are only tried;
* ``stream``: the live stream, which stands alone.

Nothing here knows HTTP or SQL.
"""
