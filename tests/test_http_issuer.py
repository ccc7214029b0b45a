"""Tokens of an authorization server: verified with its current keys, and accepted only if issued for this server."""

from __future__ import annotations

import base64
import hmac
import json
import time
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import raw
from cryptography.hazmat.primitives import serialization
from desk import seeded
from issuing import EC, ED, OTHER_RSA, RSA, IssuerServer, issuing, published
from team import LIST_TOOLS, Reply, Team, add_note, call, make_token, serving

from server.http.issuer import Issuer, IssuerUnavailable, scopes_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator
    from pathlib import Path

RESOURCE = "https://desk.example/mcp"

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def describe(issuer: IssuerServer, place: str = WELL_KNOWN, **more: Any) -> None:
    issuer.pages[place] = {"issuer": issuer.url, "jwks_uri": f"http://127.0.0.1:{issuer.port}/keys", **more}


@contextmanager
def pair(path: Path, issuer: IssuerServer, *options: object) -> Generator[Team]:
    with serving(seeded(path / "voygen.db"), "--issuer", issuer.url, "--resource", RESOURCE, *options) as team:
        yield team


@asynccontextmanager
async def closing_issuer(server: IssuerServer) -> AsyncGenerator[Issuer]:
    issuer = Issuer(server.url, RESOURCE)
    try:
        yield issuer
    finally:
        await issuer.close()


@pytest.fixture(scope="module")
def issuer() -> Iterator[IssuerServer]:
    with issuing() as running:
        describe(running)
        running.publish(
            published("r", RSA, "RS256", alg="RS256", use="sig"),
            published("any", OTHER_RSA, "RS256"),
            published("e", EC, "ES256"),
            published("d", ED, "EdDSA"),
            published("enc", RSA, "RS256", use="enc"),
            {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "oct", "alg": "HS256"},
            {"kty": "new", "kid": "new"},
        )
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("issued")


@pytest.fixture(scope="module")
def team(folder: Path, issuer: IssuerServer) -> Iterator[Team]:
    with pair(folder, issuer) as running:
        yield running


def good(issuer: IssuerServer, **claims: Any) -> str:
    return issuer.sign(RSA, "RS256", "r", **({"aud": RESOURCE} | claims))


def assert_invalid(reply: Reply) -> None:
    assert reply.status == 401, reply
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_a_token_of_the_issuer_grants_access_within_its_scope(team: Team, issuer: IssuerServer) -> None:
    assert team.post(add_note("issued"), good(issuer)).result["structuredContent"]["success"] is True
    for reading in ({"scope": "openid read"}, {"scope": None, "scp": ["read"]}, {"scope": "", "scp": "read x"}):
        token = good(issuer, **reading)
        assert team.post(call("get_anything", query="kyoto"), token).status == 200
        refused = team.post(add_note("read"), token)
        assert (refused.status, refused.json["error"]) == (403, "insufficient_scope")
    for none in ({"scope": "openid"}, {"scope": None}, {"scope": 5, "scp": {"write": 1}}, {"scope": "read:all writes"}):
        refused = team.post(LIST_TOOLS, good(issuer, **none))
        assert (refused.status, refused.json["error"]) == (403, "insufficient_scope")
        assert 'scope="read write"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(EC, "ES256", "e"), (ED, "EdDSA", "d"), (OTHER_RSA, "PS384", "any")]
)
def test_a_token_signed_with_any_supported_kind_of_key_is_accepted(
    team: Team, issuer: IssuerServer, key: Any, algorithm: str, kid: str
) -> None:
    assert team.post(LIST_TOOLS, issuer.sign(key, algorithm, kid, aud=[RESOURCE, "other"])).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -3600},
        {"nbf": 3600},
        {"iat": 3600},
        {"exp": "tomorrow"},
        {"aud": "https://other.example/mcp"},
        {"aud": RESOURCE + "/"},
        {"aud": []},
        {"iss": "https://other.example"},
        {"without": "exp"},
        {"without": "aud"},
        {"without": "iss"},
        {"headers": {"crit": ["b64"]}},
    ],
    ids=str,
)
def test_a_token_with_invalid_or_missing_claims_is_refused(
    team: Team, issuer: IssuerServer, claims: dict[str, Any]
) -> None:
    # Integers are seconds from now.
    now = int(time.time())
    said = {name: now + claim if isinstance(claim, int) else claim for name, claim in claims.items()}
    assert_invalid(team.post(add_note("not for here"), good(issuer, **said)))


def by_the_public_key(body: str) -> str:
    """A token signed with HMAC, using the public key as the secret."""
    secret = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"any"}').rstrip(b"=").decode()
    signature = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_token_with_an_invalid_signature_is_refused(team: Team, issuer: IssuerServer) -> None:
    head, body, signature = good(issuer).split(".")
    forged = [
        issuer.sign(OTHER_RSA, "RS256", "r", aud=RESOURCE),
        issuer.sign(RSA, "RS384", "r", aud=RESOURCE),
        issuer.sign(RSA, "RS256", "e", aud=RESOURCE),
        issuer.sign(RSA, "RS256", "enc", aud=RESOURCE),
        issuer.sign(RSA, "RS256", "unknown", aud=RESOURCE),
        issuer.sign(RSA, "RS256", None, aud=RESOURCE),
        by_the_public_key(body),
        issuer.sign("secret-secret-secret-secret-secret", "HS256", "oct", aud=RESOURCE),
        issuer.sign(None, "none", "r", aud=RESOURCE),
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{body[:-4]}.{signature}",
        f"{head}.{body}",
        "..",
    ]
    for token in forged:
        assert_invalid(team.post(add_note("forged"), token))


def test_a_refusal_says_where_to_get_a_token(team: Team, issuer: IssuerServer) -> None:
    reply = team.post(LIST_TOOLS)
    assert reply.status == 401
    assert (
        'resource_metadata="https://desk.example/.well-known/oauth-protected-resource/mcp"'
        in (reply.headers["www-authenticate"])
    )
    metadata = team.request("GET", "/.well-known/oauth-protected-resource/mcp")
    assert metadata.status == 200
    assert metadata.json["resource"] == RESOURCE
    assert metadata.json["authorization_servers"] == [issuer.url]
    assert metadata.json["scopes_supported"] == ["read", "write"]
    for place in ("/.well-known/{}", "/.well-known/{}/mcp", "/mcp/.well-known/{}", "/.well-known/{}/"):
        assert team.request("GET", place.format("oauth-protected-resource")).json == metadata.json
        for name in ("oauth-authorization-server", "openid-configuration"):
            redirect = team.request("GET", place.format(name), Origin="https://page.example")
            assert (redirect.status, redirect.headers["location"]) == (307, f"{issuer.url}/.well-known/{name}")
            assert redirect.headers["access-control-allow-origin"] == "*"


def test_an_issuers_subject_is_not_taken_for_the_token_of_that_name(
    team: Team, issuer: IssuerServer, folder: Path
) -> None:
    path = folder / "voygen.db"
    make_token(path, "ines")
    assert team.post(add_note("Not by the token"), good(issuer, sub="ines")).status == 200
    with closing(raw.connect(path)) as connection:
        logged = {name for (name,) in connection.execute("SELECT actor FROM ActivityLog")}
    assert f"ines (127.0.0.1:{issuer.port})" in logged
    assert "ines" not in logged


def test_a_new_key_is_fetched_and_a_withdrawn_key_is_not_used(tmp_path: Path) -> None:
    with issuing() as issuer:
        describe(issuer)
        issuer.publish(published("one", RSA, "RS256"))
        with pair(tmp_path, issuer) as team:
            one = issuer.sign(RSA, "RS256", "one", aud=RESOURCE)
            assert [team.post(LIST_TOOLS, one).status for _ in range(5)] == [200] * 5
            assert issuer.asked.count("/keys") == 1
            issuer.publish(published("two", OTHER_RSA, "RS256"))
            assert team.post(LIST_TOOLS, issuer.sign(OTHER_RSA, "RS256", "two", aud=RESOURCE)).status == 200
            assert issuer.asked.count("/keys") == 2
            assert_invalid(team.post(LIST_TOOLS, one))
            unknown = [issuer.sign(RSA, "RS256", f"unknown {n}", aud=RESOURCE) for n in range(5)]
            assert {team.post(LIST_TOOLS, token).status for token in unknown} == {401}
            assert issuer.asked.count("/keys") == 3


@pytest.mark.parametrize(
    "place",
    [
        "/.well-known/oauth-authorization-server/realms/desk",
        "/.well-known/openid-configuration/realms/desk",
        "/realms/desk/.well-known/openid-configuration",
    ],
)
async def test_the_issuers_metadata_is_found_at_each_standard_location(place: str) -> None:
    with issuing("/realms/desk") as server:
        describe(server, place)
        server.publish(published("only", RSA, "RS256"))
        async with closing_issuer(server) as issuer:
            assert (await issuer.claims(server.sign(RSA, "RS256", None, aud=RESOURCE)))["sub"] == "ana"


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {WELL_KNOWN: "no object"},
        {WELL_KNOWN: []},
        {WELL_KNOWN: {"issuer": "https://other.example", "jwks_uri": "http://127.0.0.1:1/keys"}},
        {WELL_KNOWN: {"issuer": "URL", "jwks_uri": "http://keys.example/keys"}},
        {WELL_KNOWN: {"issuer": "URL", "jwks_uri": "http://127.0.0.1:1/keys"}},
        {WELL_KNOWN: {"issuer": "URL", "jwks_uri": "HERE"}, "/keys": {"keys": "none"}},
        {WELL_KNOWN: {"issuer": "URL", "jwks_uri": "HERE"}, "/keys": " " * 600_000},
    ],
    ids=lambda broken: str(broken)[:90],
)
@pytest.mark.sampled(2)
async def test_an_issuer_whose_keys_are_unavailable_is_not_asked_again_for_a_while(broken: dict[str, Any]) -> None:
    with issuing() as server:
        keys = f"http://127.0.0.1:{server.port}/keys"
        server.pages |= json.loads(json.dumps(broken).replace('"URL"', f'"{server.url}"').replace("HERE", keys))
        async with closing_issuer(server) as issuer:
            asked: set[int] = set()
            for _ in range(3):
                with pytest.raises(IssuerUnavailable):
                    await issuer.claims(server.sign(RSA, "RS256", "r", aud=RESOURCE))
                asked.add(len(server.asked))
            assert len(asked) == 1


def test_our_own_tokens_work_while_the_issuers_keys_are_unavailable(tmp_path: Path) -> None:
    with issuing() as issuer, pair(tmp_path, issuer) as team:
        reply = team.post(LIST_TOOLS, issuer.sign(RSA, "RS256", "r", aud=RESOURCE))
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert team.post(LIST_TOOLS, make_token(tmp_path / "voygen.db", "own")).status == 200


def test_with_an_issuer_a_server_beyond_loopback_uses_its_allowed_host_as_resource(tmp_path: Path) -> None:
    with issuing() as issuer:
        describe(issuer)
        issuer.publish(published("r", RSA, "RS256"))
        path = seeded(tmp_path / "voygen.db")
        options = ("--issuer", issuer.url, "--allowed-host", "desk.example")
        with serving(path, *options, address="127.1:0") as team:
            assert team.post(LIST_TOOLS, None, Host="desk.example").status == 401
            assert team.post(LIST_TOOLS, good(issuer), Host="desk.example").status == 200


def test_scopes_are_matched_as_whole_words() -> None:
    assert scopes_of({"scope": "read  write"}) == {"read", "write"}
    assert scopes_of({"scp": ["read", 5, None]}) == {"read"}
    assert scopes_of({}) == set()
