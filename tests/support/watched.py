"""``python -m tests.support.watched MODULE ARGUMENTS``: run the module and check each answer that it serves."""

from __future__ import annotations

import runpy
import sys

from tests.support import answers

if __name__ == "__main__":
    answers.watch()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
