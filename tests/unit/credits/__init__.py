"""Tests; a package, so that two files of one name are two modules."""
