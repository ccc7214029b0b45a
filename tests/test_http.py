"""The server over HTTP: both protocol eras, invalid requests, allowed hosts and origins, and startup."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import raw
from desk import BEN, KYOTO, Era, each_era, op, seeded, voygen
from team import JSON_HEADERS, LIST_TOOLS, PATIENCE, Team, add_note, as_now, call, make_token, serving

from server.http.gate import MAX_BODY
from server.http.settings import HttpSettings, parse_address
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(tmp_path_factory.mktemp("team") / "voygen.db")


@pytest.fixture(scope="module")
def team(path: Path) -> Iterator[Team]:
    with serving(path) as running:
        yield running


@each_era
async def test_a_client_of_either_era_changes_a_trip(team: Team, era: Era) -> None:
    async with team.client(era) as client:
        assert {"get_anything", "bulk_trip_operations"} <= {tool.name for tool in (await client.list_tools()).tools}
        operations = [op("assign_client", email=BEN, role=f"of {era}"), op("add_note", note=f"by {era}")]
        answer = await client.call_tool(
            "bulk_trip_operations", {"trip_identifier": str(KYOTO), "operations": operations}
        )
        assert answer.structured_content
        assert answer.structured_content["success"] is True
        found = await client.call_tool("get_anything", {"query": str(KYOTO)})
        assert found.structured_content
        assert (BEN, f"of {era}") in {
            (one["email"], one["role"]) for one in found.structured_content["trip"]["clients"]
        }
        error = await client.call_tool("get_anything", {"query": "%"})
        assert (error.is_error, error.structured_content) == (True, None)
        guide = await client.read_resource("voygen://guide")
        assert guide.contents


def test_no_session_is_created_and_calls_need_none(team: Team) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    replies = [team.post(hello), team.post(LIST_TOOLS), team.post(call("get_anything", query="kyoto"))]
    assert [reply.status for reply in replies] == [200] * 3
    assert all("mcp-session-id" not in reply.headers for reply in replies)
    assert replies[0].result["serverInfo"]["name"] == "voygen"
    assert replies[2].result["structuredContent"]["trip"]["trip_id"] == KYOTO
    message, headers = as_now(call("get_anything", query="kyoto"))
    assert team.post(message, None, **headers).result["structuredContent"]["trip"]["trip_id"] == KYOTO


def test_invalid_requests_get_the_status_that_the_protocol_defines(team: Team) -> None:
    assert team.post(b"{").status == 400
    assert team.post(b"[]").status == 400
    assert team.post(b"").status == 400
    assert team.post({"jsonrpc": "2.0", "method": "notifications/initialized"}).status == 202
    assert team.post(LIST_TOOLS, None, Content_Type="text/plain").status == 415
    assert team.post(LIST_TOOLS, None, Accept="text/html").status == 406
    assert team.post(LIST_TOOLS, None, MCP_Protocol_Version="1999-01-01").status == 400
    message, headers = as_now(call("get_anything", query="kyoto"))
    assert team.post(message, None, **(headers | {"Mcp_Name": "list_trips"})).status == 400
    for method in ("GET", "DELETE", "PUT"):
        reply = team.request(method, "/mcp", **JSON_HEADERS)
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert team.request("GET", "/").status == 404


def test_a_path_is_served_with_slashes_at_its_end_without_a_redirect(team: Team) -> None:
    body = json.dumps(LIST_TOOLS).encode()
    for path in ("/mcp", "/mcp/", "//mcp//", "/%6dcp/", f"http://localhost:{team.port}/mcp/"):
        assert "tools" in team.request("POST", path, body, **JSON_HEADERS).result, path
        for method in ("GET", "HEAD", "DELETE"):
            assert team.request(method, path, **JSON_HEADERS).status == 405
        asked = team.request("OPTIONS", path)
        assert (asked.status, asked.headers["allow"]) == (204, "POST")
    for path in ("/healthz/", "/readyz/", "/metrics/"):
        assert [team.request(method, path).status for method in ("GET", "HEAD")] == [200, 200]
    for path in ("http://evil.example/mcp", "http://localhost@evil.example/mcp", "http:///mcp"):
        assert team.request("POST", path, body, **JSON_HEADERS).status == 421
    for path in ("/", "/mcp/x", "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server/mcp"):
        reply = team.request("GET", path)
        assert (reply.status, reply.json["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, *; q=.2, */*; q=.2", "application/json"),
        ("Application/JSON;q=0.1, text/event-stream", "application/json"),
        ("application/json;q=x", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("text/*;q=0.5", "text/event-stream"),
        ("*/*, application/json;q=0", "text/event-stream"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("*/*;q=0.0", None),
    ],
)
def test_an_answer_has_the_form_that_the_client_accepts(team: Team, accept: str | None, kind: str | None) -> None:
    plain: dict[str, str] = {"Content_Type": "application/json"}
    accepting = plain | ({} if accept is None else {"Accept": accept})
    message, now = as_now(call("get_anything", query="kyoto"))
    for sent, headers in ((LIST_TOOLS, accepting), (message, accepting | now)):
        reply = team.request("POST", "/mcp", json.dumps(sent).encode(), **headers)
        if kind is None:
            assert (reply.status, reply.json["error"]) == (406, "not_acceptable")
            continue
        assert (reply.status, reply.headers["content-type"]) == (200, kind)
        text = reply.body.removeprefix(b"event: message\r\ndata: ")
        assert (len(text) < len(reply.body)) == (kind == "text/event-stream")
        assert json.loads(text)["id"] == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Content_Type": ""}, 200),
        ({"Content_Type": "application/json; charset=utf-8"}, 200),
        ({"Content_Type": "Application/JSON;charset=UTF-8"}, 200),
        ({"Content_Type": "application/vnd.api+json"}, 200),
        ({"Content_Type": "text/plain;charset=UTF-8"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "multipart/form-data; boundary=application/json"}, 415),
        ({"MCP_Protocol_Version": ""}, 200),
        ({"MCP_Protocol_Version": "2025-06-18, 2025-06-18"}, 200),
        ({"MCP_Protocol_Version": "2024-11-05"}, 200),
        ({"MCP_Protocol_Version": "2099-01-01"}, 400),
        ({"Mcp_Session_Id": "an-old-session"}, 200),
        ({"Last_Event_Id": "3"}, 200),
        ({"Connection": "close"}, 200),
        ({"Expect": "100-continue"}, 200),
        ({"Transfer_Encoding": "identity"}, 400),
    ],
)
def test_headers_that_clients_get_wrong_are_taken_where_their_meaning_is_clear(
    team: Team, headers: dict[str, str], status: int
) -> None:
    reply = team.request("POST", "/mcp", json.dumps(LIST_TOOLS).encode(), **headers)
    assert reply.status == status, reply
    if status != 200:
        assert reply.json["error"]


def test_an_initialization_is_negotiated_in_its_body_whatever_version_its_header_names(team: Team) -> None:
    params = {"protocolVersion": "2099-01-01", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    assert team.post(hello, None, MCP_Protocol_Version="2099-01-01").result["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + json.dumps(LIST_TOOLS).encode(),
        b" \r\n" + json.dumps(LIST_TOOLS, indent=1).replace("\n", "\r\n").encode() + b"\r\n",
        json.dumps(LIST_TOOLS | {"id": 1.0}).encode(),
        json.dumps(LIST_TOOLS | {"params": None}).encode(),
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    ],
    ids=["byte order mark", "line ends", "float as id", "params null", "no params"],
)
def test_a_body_in_an_unusual_form_is_accepted(team: Team, body: bytes) -> None:
    reply = team.post(body)
    assert (reply.json["id"], bool(reply.result["tools"])) == (1, True)


def test_older_http_and_chunked_bodies_are_accepted(team: Team) -> None:
    body = json.dumps(LIST_TOOLS).encode()
    whole = b"Host: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    chunked = b"Host: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nX: y\r\n\r\n"
    for version, rest in ((b"1.0", whole), (b"1.1", chunked % (len(body), body))):
        with closing(socket.create_connection(("127.0.0.1", team.port), PATIENCE)) as wire:
            wire.sendall(b"POST /mcp HTTP/%s\r\n%s" % (version, rest))
            received = b"".join(iter(lambda wire=wire: wire.recv(65_536), b""))
        assert received.startswith(b"HTTP/1.1 200")
        assert b'"tools"' in received


def test_a_body_with_two_lengths_is_refused_and_the_connection_closed(team: Team) -> None:
    lengths = b"Content-Length: 9\r\nTransfer-Encoding: chunked"
    with closing(socket.create_connection(("127.0.0.1", team.port), PATIENCE)) as wire:
        wire.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n" + lengths + b"\r\n\r\n0\r\n\r\n")
        received = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "name",
    ["127.0.0.1", "localhost", "[::1]", "localhost:1", "LOCALHOST:80", "localhost.", "localhost.:80", "[0:0::1]:9"],
)
def test_loopback_names_are_allowed_as_host_and_origin(team: Team, name: str) -> None:
    assert team.post(LIST_TOOLS, None, Host=name).status == 200
    assert team.post(LIST_TOOLS, None, Origin=f"http://{name}").status == 200
    assert team.post(LIST_TOOLS, None, Origin=f"http://{name}/x").status == 403


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "192.0.2.1",
        "127.0.0.1:80@evil.example",
        "localhost:80.evil.example",
        "localhost:*",
        "localhost:99999",
        "localhost:80:80",
        "localhost:8a",
        "localhost:80/",
        "localhost, localhost",
        "localhost#x",
        "localhost..",
        ".localhost",
        "user@localhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "::1",
        "[::1",
        "[::1%25lo]",
        "[::ffff:127.0.0.1]",
        "[::1]evil.example",
        "*",
    ],
)
def test_other_hosts_and_origins_are_refused(team: Team, name: str) -> None:
    assert team.post(add_note("evil"), None, Host=name).status == 421
    assert team.post(add_note("evil"), None, Origin=f"http://{name}").status == 403
    assert team.post(add_note("evil"), None, Origin="null").status == 403
    message, headers = as_now(add_note("evil"))
    assert team.post(message, None, Host=name, **headers).status == 421
    assert team.request("GET", "/metrics", Host=name).status == 421
    assert b"evil" not in team.post(call("get_anything", query=str(KYOTO))).body


def test_a_body_that_is_too_large_is_refused_with_or_without_a_content_length(team: Team) -> None:
    body = b" " * (MAX_BODY + 1)
    assert team.post(body).status == 413
    for declared in (str(MAX_BODY + 1), "9" * 20):
        with closing(team.connect()) as connection:
            connection.putrequest("POST", "/mcp")
            connection.putheader("Content-Length", declared)
            connection.endheaders()
            assert connection.getresponse().status == 413
    with closing(team.connect()) as connection:
        pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
        connection.request("POST", "/mcp", pieces, JSON_HEADERS, encode_chunked=True)
        assert connection.getresponse().status == 413
    whole = json.dumps(call("get_anything", query="kyoto")).encode()
    assert team.post(whole + b" " * (MAX_BODY - len(whole))).result["structuredContent"]["trip"]["trip_id"] == KYOTO
    with closing(team.connect()) as connection:
        connection.request("POST", "/mcp", iter([whole[:9], whole[9:]]), JSON_HEADERS, encode_chunked=True)
        assert connection.getresponse().status == 200


@pytest.mark.parametrize(
    ("body", "request_id", "code"),
    [
        (b"nonsense", None, -32700),
        (b'{"jsonrpc":"2.0","id":4,"method":"ping","params":{"x":"\\ud83c"}}', 4, -32700),
        (b"5", None, -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', None, -32600),
        (b'{"jsonrpc":"2.0","id":3,"method":"ping","params":[1]}', 3, -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', None, -32600),
    ],
)
def test_an_invalid_body_is_refused_with_our_own_message(
    team: Team, body: bytes, request_id: int | None, code: int
) -> None:
    reply = team.post(body)
    assert (reply.status, reply.json["id"], reply.json["error"]["code"]) == (400, request_id, code)
    assert "pydantic" not in reply.json["error"]["message"]


def test_host_names_are_case_insensitive(team: Team) -> None:
    assert team.post(call("get_anything", query=str(KYOTO)), None, Host="LocalHost:80").status == 200


def test_health_and_readiness_need_no_authentication(team: Team, path: Path) -> None:
    assert team.request("GET", "/healthz", Host="10.0.0.7").json == {"live": True}
    assert team.request("GET", "/readyz", Host="10.0.0.7").json == {"ready": True, "problem": None}
    with closing(raw.connect(path)) as connection:
        (checksum,) = connection.execute("SELECT max(sha256) FROM migration_checksums").fetchone()
        connection.execute("INSERT INTO migration_checksums VALUES ('999_later.sql', ?)", (checksum,))
        newer = team.request("GET", "/readyz")
        connection.execute("DELETE FROM migration_checksums WHERE name = '999_later.sql'")
        connection.execute("BEGIN")
        connection.execute("ALTER TABLE d1_migrations RENAME TO lost")
        connection.execute("COMMIT")
        behind = team.request("GET", "/readyz")
        connection.execute("ALTER TABLE lost RENAME TO d1_migrations")
    assert (newer.status, newer.json["ready"], behind.status, behind.json["ready"]) == (503, False, 503, False)
    assert team.request("GET", "/readyz").status == 200
    assert team.request("GET", "/healthz").status == 200


def test_only_pages_from_an_allowed_origin_can_call_the_server(path: Path) -> None:
    asking = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization"}
    with serving(path, "--allowed-origin", "https://desk.example") as team:
        allowed = team.request("OPTIONS", "/mcp", Origin="https://desk.example", **asking)
        assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (200, "https://desk.example")
        reply = team.post(LIST_TOOLS, None, Origin="https://desk.example")
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "https://desk.example")
        other = team.request("OPTIONS", "/mcp", Origin="https://evil.example", **asking)
        assert (other.status, "access-control-allow-origin" in other.headers) == (400, False)
        assert team.post(LIST_TOOLS, None, Origin="https://evil.example").status == 403


def test_a_read_only_server_offers_no_tool_that_writes(path: Path) -> None:
    with serving(path, "--read-only") as team:
        tools = team.post(LIST_TOOLS).result["tools"]
        assert {"get_anything"} <= {tool["name"] for tool in tools}
        assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
        assert team.post(call("get_anything", query="kyoto")).result["structuredContent"]["trip"]["trip_id"] == KYOTO
        assert "result" not in team.post(add_note("x")).json or team.post(add_note("x")).result["isError"]


# Startup.


def refused(*arguments: object) -> str:
    done = voygen("serve", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_server_prints_its_address_and_a_note_if_it_needs_no_authentication(
    team: Team, path: Path, tmp_path: Path
) -> None:
    assert team.greeting.startswith(f"voygen: serving {team.url}, open to every program on this machine")
    other = raw.new_file(tmp_path / "voygen.db")
    make_token(other, "ana")
    with serving(other) as closed:
        assert closed.greeting == f"voygen: serving {closed.url}\n"
    assert f"127.0.0.1:{team.port}" in refused("--db", path, "--http", f":{team.port}")


@pytest.mark.parametrize("address", ["0.0.0.0:0", "desk.example:0"])
def test_beyond_loopback_the_server_needs_authentication_and_allowed_hosts_to_start(
    tmp_path: Path, address: str
) -> None:
    path = raw.new_file(tmp_path / "voygen.db")
    make_token(path, "ana")
    assert "--allowed-host" in refused("--db", path, "--http", address)
    voygen("token", "revoke", "ana", "--db", path)
    make_token(path, "old", "--days", "1")
    with closing(raw.connect(path)) as connection:
        connection.execute("UPDATE access_tokens SET expires_at = created_at WHERE name = 'old'")
    assert "voygen token create" in refused("--db", path, "--http", address, "--allowed-host", "desk.example")


def test_beyond_loopback_the_server_only_serves_allowed_hosts_and_token_holders(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    token = make_token(path, "ana", "--scope", "read")
    # 127.1 is a loopback address that is not recognized as one.
    with serving(path, "--allowed-host", "desk.example", address="127.1:0") as team:
        assert team.post(LIST_TOOLS, token, Host="desk.example").status == 200
        assert team.post(LIST_TOOLS, token, Host="desk.example:443", Origin="https://desk.example").status == 200
        assert team.post(LIST_TOOLS, token).status == 421
        assert team.post(LIST_TOOLS, token, Host="desk.example", Origin="http://127.0.0.1").status == 403
        assert team.post(LIST_TOOLS, Host="desk.example").status == 401
        assert team.request("GET", "/metrics", Host="desk.example").status == 401
        bearer = {"Host": "desk.example", "Authorization": f"Bearer {token}"}
        assert team.request("GET", "/metrics", **bearer).status == 200
        assert team.request("GET", "/healthz").status == team.request("GET", "/readyz").status == 200


@pytest.mark.parametrize(
    "address", ["8000", "localhost", "::1:80", "[::1:80", ":99999", ":x", "a b:²", "[localhost]:80"]
)
def test_an_invalid_address_is_refused(tmp_path: Path, address: str) -> None:
    assert "--http" in refused("--db", tmp_path / "voygen.db", "--http", address)
    assert list(tmp_path.iterdir()) == []


def test_addresses_are_parsed_and_formatted_correctly() -> None:
    assert parse_address(":0") == ("127.0.0.1", 0)
    assert parse_address("[::1]:80") == ("::1", 80)
    assert parse_address("desk.example:443") == ("desk.example", 443)
    assert HttpSettings("::1", 0).at(80) == "http://[::1]:80/mcp"
    loopback = {
        host: not HttpSettings(host, 0).beyond_loopback for host in ("127.9.9.9", "::1", "LOCALHOST", "::", "x")
    }
    assert loopback == {"127.9.9.9": True, "::1": True, "LOCALHOST": True, "::": False, "x": False}


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_the_server_works_over_ipv6(path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    with serving(path, address="[::1]:0") as team, closing(socket.create_connection(("::1", team.port))) as wire:
        wire.sendall(f"GET /healthz HTTP/1.1\r\nHost: [::1]:{team.port}\r\nConnection: close\r\n\r\n".encode())
        assert wire.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("url", ["http://issuer.example", "https://issuer.example/?x=1", "issuer.example"])
def test_an_issuer_without_a_plain_https_url_is_refused(tmp_path: Path, url: str) -> None:
    assert "--issuer" in refused("--db", tmp_path / "voygen.db", "--http", ":0", "--issuer", url)


def test_serving_over_stdio_imports_no_http_modules(tmp_path: Path) -> None:
    program = (
        "import sys, voygen\n"
        f"sys.argv = ['voygen', 'serve', '--db', {str(tmp_path / 'voygen.db')!r}]\n"
        "try:\n    voygen.main()\nfinally:\n"
        "    ours = ('server.http.app', 'server.http.gate', 'server.http.metrics', 'prometheus_client', 'jwt')\n"
        "    print([name for name in ours if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=own_command()[1].rsplit("/", 1)[0],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
