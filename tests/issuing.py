"""An authorization server on loopback that publishes its keys and signs tokens."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

if TYPE_CHECKING:
    from collections.abc import Generator

RSA, OTHER_RSA = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def published(kid: str, key: Any, algorithm: str, **more: str) -> dict[str, Any]:
    """The public half of a key as a JSON Web Key."""
    implementation: Any = jwt.get_algorithm_by_name(algorithm)
    return {**implementation.to_jwk(key.public_key(), as_dict=True), "kid": kid, **more}


@dataclass
class IssuerServer:
    """A running authorization server. `pages` maps paths to answers; `asked` lists the requested paths."""

    port: int
    path: str
    pages: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def publish(self, *keys: dict[str, Any]) -> None:
        self.pages["/keys"] = {"keys": list(keys)}

    def sign(self, key: Any, algorithm: str, kid: str | None, /, *, without: str = "", **claims: Any) -> str:
        """Sign a token that is valid unless `claims` or `without` say otherwise; `headers` adds headers."""
        headers: dict[str, Any] = claims.pop("headers", {}) | ({"kid": kid} if kid else {})
        now = int(time.time())
        said = {"iss": self.url, "sub": "ana", "iat": now, "exp": now + 600, "scope": "read write"} | claims
        said.pop(without, None)
        return jwt.encode(said, key, algorithm, headers)


@contextmanager
def issuing(path: str = "") -> Generator[IssuerServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            page = issuer.pages.get(self.path)
            body = json.dumps(page).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = IssuerServer(server.server_address[1], path)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
