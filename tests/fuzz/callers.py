"""Who sends the requests of a run and what they know, as the process of the product tells it to Schemathesis's."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VARIABLE = "FUZZ_CALLERS"


@dataclass(frozen=True)
class Callers:
    """Keys of both parties, of the operator and of a stranger.

    ``principal_ids``: those that must keep their keys and roles. ``bodies``: ``POST /api/v1/parties`` → the example of
    its body, with ids of what there is.
    """

    keys: list[str]
    principal_ids: list[str]
    bodies: dict[str, Any]

    def written(self, file: Path) -> dict[str, str]:
        """The environment that leads to the file, once all of it is there."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return {VARIABLE: str(file)}

    @classmethod
    def read(cls) -> Callers:
        return cls(**json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8")))

    def key_for(self, request: Any) -> str:
        """One of the keys. It follows from the request, so that a seed makes the same run again."""
        return self.keys[digest_of(request) % len(self.keys)]

    def body_for(self, operation: str, body: Any, number: int) -> Any:
        """A body that makes sense, with a key of its own; the body as it is where nobody gave an example."""
        example = self.bodies.get(operation)
        if example is None:
            return body
        return {**example, **({"key": f"k{number}"} if "key" in example else {})}

    def would_lose_theirs(self, operation: str, path_parameters: Mapping[str, Any] | None) -> bool:
        """Whether a request would take a caller's key or roles away, after which nothing more could be tried."""
        named = (path_parameters or {}).get("principal_id")
        takes_away = operation.startswith(("PUT ", "DELETE ")) or operation.endswith("/deactivate")
        return takes_away and named in self.principal_ids


def digest_of(value: Any) -> int:
    return int.from_bytes(hashlib.sha256(repr(value).encode("utf-8", "replace")).digest()[:4], "big")
