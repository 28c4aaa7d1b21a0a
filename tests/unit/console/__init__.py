"""Tests of what the console's pages say, without HTTP."""
