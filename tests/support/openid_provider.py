"""A real OpenID provider in a process of its own (npm's ``oidc-provider``), and a browser's log-in on its pages."""

from __future__ import annotations

import base64
import fcntl
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import httpx
from joserfc.jwk import RSAKey

from tests.support.processes import free_port

FOLDER = Path(__file__).resolve().parents[1] / "oidc"
SECRET = "a secret & with % signs"
"""The client's secret. Its special characters must be encoded in a Basic header."""
CONSOLE = "https://slm.example"
CALLBACK = f"{CONSOLE}/openid/callback"
_LONGEST_WAY = 12


class NoProvider(Exception):
    """This machine has no Node.js or no npm, or npm could not install the provider; the text says which."""


def installed() -> str:
    """Install the provider in the version that package-lock.json pins, and return Node's path. Raises NoProvider."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoProvider("Node.js and npm are not installed; install Node.js 20 or newer")
    lock, done = FOLDER / "package-lock.json", FOLDER / "node_modules/.package-lock.json"
    with (FOLDER / "package.json").open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            command = [npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--silent"]
            ended = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
            if ended.returncode:
                raise NoProvider(f"npm could not install oidc-provider: {ended.stderr[-300:]}")
    return node


@dataclass
class RealProvider:
    """The provider's process. Each start loses its state, but keeps its issuer."""

    node: str
    folder: Path
    port: int
    callback: str = CALLBACK
    process: subprocess.Popen[bytes] | None = None
    keys: list[str] = field(default_factory=list)
    """Ids of the keys that the provider has had, the present one last."""

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the provider with a new key, and wait until it answers."""
        kid = f"key-{len(self.keys) + 1}"
        key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True)
        path = self.folder / f"{kid}.json"
        path.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
        self.keys.append(kid)
        command = [self.node, "provider.mjs", str(self.port), str(path), SECRET, self.callback]
        with (self.folder / "provider.log").open("a") as log:
            self.process = subprocess.Popen(command, cwd=FOLDER, stdout=log, stderr=log)
        ends = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < ends, (self.folder / "provider.log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.issuer}/jwks").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """End the provider's process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def rotate(self) -> None:
        """Start the provider again with another key, which is then its only key."""
        self.stop()
        self.start()

    async def access_token(self, account: str, audience: str, client_id: str = "slm") -> str:
        """Return a JWT access token for an API, as a program gets it after a person has logged in with it."""
        verifier = "v" * 43
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": client_id, "redirect_uri": self.callback, "scope": "openid email",
            "resource": audience, "code_challenge": challenge, "code_challenge_method": "S256", "state": "s",
        }  # fmt: skip
        back = await self.log_in(f"{self.issuer}/auth?{urlencode(asked)}", account)
        form = {
            "grant_type": "authorization_code", "code": back["code"], "redirect_uri": self.callback,
            "code_verifier": verifier, "resource": audience,
        }  # fmt: skip
        async with httpx.AsyncClient(auth=(client_id, quote(SECRET, safe=""))) as client:
            answer = await client.post(f"{self.issuer}/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def log_in(self, authorization_url: str, account: str) -> dict[str, str]:
        """Log in on the provider's pages as a browser does, and return the parameters of the redirect back."""
        async with httpx.AsyncClient(follow_redirects=False) as client:
            answer = await client.get(authorization_url)
            for _ in range(_LONGEST_WAY):
                if answer.is_redirect:
                    address = urljoin(str(answer.url), answer.headers["location"])
                    if address.startswith(self.callback):
                        return dict(parse_qsl(urlsplit(address).query))
                    answer = await client.get(address)
                    continue
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert prompt is not None, answer.text
                action = re.search(r'action="([^"]+)"', answer.text)
                assert action is not None, answer.text
                form = {"prompt": prompt[1], "login": account, "password": "any"}
                answer = await client.post(urljoin(str(answer.url), action[1]), data=form)
        raise AssertionError("the provider asks for ever")


@contextmanager
def running(folder: Path, callback: str = CALLBACK) -> Iterator[RealProvider]:
    """Run the provider inside the block. Raises NoProvider."""
    provider = RealProvider(installed(), folder, free_port(), callback)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


def settings(issuer: str, **more: Any) -> dict[str, Any]:
    """Return the settings with which agreement-svc uses the provider of this issuer."""
    return {
        "oidc_issuer": issuer,
        "oidc_client_id": "slm",
        "oidc_client_secret": SECRET,
        "oidc_name": "Acme Login",
        "console_url": CONSOLE,
        # Three seconds are for people; this machine may be busy.
        "oidc_seconds": 20.0,
        **more,
    }
