"""Write the OpenAPI document of the whole product, indented: ``python -m tools.openapi.document FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from slm import openapi


def main() -> int:
    """Write the document to the file in the first argument."""
    text = json.dumps(openapi.product_document(), indent=1, sort_keys=True, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
