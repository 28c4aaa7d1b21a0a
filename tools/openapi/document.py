"""Writes the merged OpenAPI document, as the running product serves it: ``python -m tools.openapi.document FILE``."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from slm.installation import opened
from slm_chassis.access import new_key
from slm_chassis.settings import Settings


async def document() -> dict[str, Any]:
    """The document of an installation that is built for this and not started; its PostgreSQL is private."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data", bootstrap_key=SecretStr(new_key()))
        async with opened(settings) as installation:
            return installation.face.own.openapi()


def main() -> int:
    text = json.dumps(asyncio.run(document()), indent=1, sort_keys=True, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
