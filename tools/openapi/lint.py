"""Lint the merged OpenAPI document with Spectral and the rules in ``ruleset.yaml``: ``make openapi-lint``.

Needs npm. Without it the check is skipped with a message; with ``SLM_REQUIRE_REAL=1`` that is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SPECTRAL = FOLDER / "node_modules/.bin/spectral"
_LOCK = FOLDER / "package-lock.json"
_INSTALLED = FOLDER / "node_modules/.package-lock.json"


def main() -> int:
    """Install Spectral if necessary, lint the document and return the exit code."""
    npm = shutil.which("npm")
    if npm is None:
        print("openapi-lint: SKIPPED, npm is not installed; install Node.js 20 or newer")
        return 1 if os.environ.get("SLM_REQUIRE_REAL") == "1" else 0
    if not _INSTALLED.exists() or _INSTALLED.stat().st_mtime < _LOCK.stat().st_mtime:
        install = [npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(install, cwd=FOLDER, check=True)
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        subprocess.run([sys.executable, "-m", "tools.openapi.document", str(document)], check=True)
        lint = [str(SPECTRAL), "lint", "--ruleset", str(FOLDER / "ruleset.yaml"), "--fail-severity", "hint"]
        return subprocess.run([*lint, str(document)]).returncode


if __name__ == "__main__":
    sys.exit(main())
