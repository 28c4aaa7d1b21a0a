"""Script and style of the console: committed as built, small, and the same when they are built again."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

from tests.support import real

STATIC = Path(str(files("slm_console"))) / "static"
ASSETS = STATIC.parents[2] / "assets"
MOST_BYTES = 150_000


def test_a_page_transfers_little() -> None:
    sizes = {each.name: len(gzip.compress(each.read_bytes())) for each in STATIC.iterdir()}
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_nothing_of_another_origin_is_named() -> None:
    for each in STATIC.glob("*.css"):
        assert "http" not in each.read_text(encoding="utf-8").replace("http://www.w3.org/", "")


def test_a_screen_without_a_keyboard_shows_no_keys() -> None:
    style = (STATIC / "console.css").read_text(encoding="utf-8")
    assert "(max-width:600px),(hover:none){:is(a,button) kbd{display:none}}" in style.replace(": ", ":").replace(
        ", ", ","
    )


def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        real.unavailable("npm", FileNotFoundError("npm"))
    copy = tmp_path / "assets"
    shutil.copytree(ASSETS, copy, ignore=shutil.ignore_patterns("node_modules"))
    for command in (["npm", "ci", "--silent"], ["node", "build.mjs", str(tmp_path / "static")]):
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
        if command[0] == "npm" and done.returncode != 0:
            real.unavailable("npm's packages", RuntimeError(done.stderr[-300:]))
        assert done.returncode == 0, done.stderr
    built = {each.name: each.read_bytes() for each in (tmp_path / "static").iterdir()}
    assert built == {each.name: each.read_bytes() for each in STATIC.iterdir()}, "run `npm run build` and commit it"
