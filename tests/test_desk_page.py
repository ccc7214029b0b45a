"""The desk page: the pictures in a browser, for those who have a session, and read only."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from base64 import b64encode
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
import raw
from desk import KYOTO, seeded, voygen
from team import PATIENCE, Reply, Team, call, make_token, serving

from server.browser.access import MOST_SESSIONS
from server.launch import own_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = ("/desk", f"/desk/trip/{KYOTO}", "/desk/month?month=2026-10", "/desk/migration", "/desk/migration?check=true")

STRICT = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}

COOKIE = re.compile(
    r"(voygen_desk_[0-9]+=[\w-]{40,}); HttpOnly; Max-Age=[0-9]+; Path=/desk; SameSite=strict(; Secure)?"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(tmp_path_factory.mktemp("page") / "voygen.db")


@pytest.fixture(scope="module")
def team(path: Path) -> Iterator[Team]:
    with serving(path) as running:
        yield running


@pytest.fixture(scope="module")
def link(team: Team) -> str:
    """The link that the server printed, which the first test here uses up."""
    (said,) = [line for line in team.said if "/desk?key=" in line]
    found = re.search(r"http://127\.0\.0\.1:[0-9]+(/desk\?key=[\w-]+)$", said.strip())
    assert found, said
    return found[1]


@pytest.fixture(scope="module")
def cookie(team: Team, link: str) -> str:
    assert team.request("HEAD", link).status == 401
    entered = team.request("GET", link)
    assert (entered.status, b'content="0;url=/desk"' in entered.body, b"Lima" in entered.body) == (200, True, False)
    found = COOKIE.fullmatch(entered.headers["set-cookie"])
    assert found, entered.headers
    assert found[2] is None
    return found[1]


def data_of(reply: Reply) -> dict[str, Any]:
    """The data inside a page."""
    found = re.search(rb'<script type="application/json" id="data">(.*?)</script>', reply.body, re.DOTALL)
    assert found
    return json.loads(found[1])


def digest(text: bytes) -> str:
    return f"'sha256-{b64encode(sha256(text).digest()).decode()}'"


def test_a_link_works_once(team: Team, link: str, cookie: str) -> None:
    again = team.request("GET", link)
    assert (again.status, "set-cookie" in again.headers) == (401, False)
    assert b"This link was used already." in again.body
    assert team.request("GET", "/desk?key=", Cookie=cookie).status == 401
    assert team.request("GET", "/desk", Cookie=cookie).status == 200


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_the_cookie_is_refused_and_tells_nothing(team: Team, cookie: str, page: str) -> None:
    name, _, value = cookie.partition("=")
    for sent in ({}, {"Cookie": f"{name}={value[::-1]}"}, {"Cookie": f"other={value}"}, {"Authorization": "Bearer x"}):
        reply = team.request("GET", page, **sent)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, 'Bearer realm="voygen"')
        assert b"Lima" not in reply.body
        assert STRICT.items() <= reply.headers.items()
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_only_its_own_script_and_loads_nothing(team: Team, cookie: str, page: str) -> None:
    reply = team.request("GET", page, Cookie=cookie)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert STRICT.items() <= reply.headers.items()
    policy = reply.headers["content-security-policy"]
    (style,) = re.findall(rb"<style>(.*?)</style>", reply.body, re.DOTALL)
    (script,) = re.findall(rb"<script>(.*?)</script>", reply.body, re.DOTALL)
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert f"script-src {digest(script)};" in policy
    assert f"style-src {digest(style)};" in policy
    assert "unsafe" not in policy
    assert not re.search(rb"(src|action)=|url\(|@import", reply.body)


def test_the_pages_hold_what_the_tools_answer(team: Team, cookie: str) -> None:
    for page, tool, arguments in (
        (f"/desk/trip/{KYOTO}", "show_trip", {"trip_identifier": str(KYOTO)}),
        ("/desk/trip/lima%20in%20kyoto", "show_trip", {"trip_identifier": str(KYOTO)}),
        ("/desk/month?month=2026-10", "show_month", {"month": "2026-10"}),
        ("/desk/month?month=2026-10&client=1&x=y", "show_month", {"month": "2026-10", "client": "1"}),
    ):
        drawn = data_of(team.request("GET", page, Cookie=cookie))
        assert drawn["answer"] == team.post(call(tool, **arguments)).result["structuredContent"]
        assert drawn["links"]["trip"] == "/desk/trip/"
    board = data_of(team.request("GET", "/desk/migration?hours=3&check=true", Cookie=cookie))["answer"]
    assert (board["phase"], board["hours"], board["agreement"]["source"]) == ("dual_write", 3, "check")
    index = data_of(team.request("GET", "/desk", Cookie=cookie))["answer"]
    assert (index["phase"], index["total"]) == ("dual_write", len(index["trips"]))


def test_what_can_not_be_shown_is_told_on_a_page(team: Team, cookie: str) -> None:
    for page, status, words in (
        ("/desk/trip/999", 404, b"No trip matches"),
        ("/desk/month?month=May", 400, b"month"),
        ("/desk/migration?hours=0x%3Cb%3E", 400, b"hours"),
    ):
        reply = team.request("GET", page, Cookie=cookie)
        assert (reply.status, words in reply.body, b"<b>" in reply.body) == (status, True, False)


def test_no_route_of_the_desk_page_writes(team: Team, cookie: str, path: Path) -> None:
    def stored() -> list[str]:
        with closing(raw.connect(path)) as connection:
            return [line for line in raw.dump(connection) if not line.startswith('"call_counts"')]

    before = stored()
    for page in PAGES:
        assert team.request("GET", page, Cookie=cookie).status == 200
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            reply = team.request(method, page, b"x=1", Cookie=cookie)
            assert reply.status == (401 if (method, page) == ("POST", "/desk") else 405)
    assert stored() == before


def test_other_hosts_and_pages_are_refused(team: Team, cookie: str) -> None:
    for page in PAGES:
        assert team.request("GET", page, Cookie=cookie, Host="evil.example").status == 421
        assert team.request("GET", page, Cookie=cookie, Origin="http://evil.example").status == 403
    assert team.request("POST", "/desk", b"token=x", Origin="http://evil.example").status == 403


def test_beyond_loopback_a_token_is_exchanged_for_the_cookie(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    token = make_token(path, "ana", "--scope", "read")
    with serving(path, "--allowed-host", "desk.example", address="0.0.0.0:0") as team:
        assert not any("/desk" in line for line in team.said)
        here = {"Host": "desk.example", "Origin": "https://desk.example"}
        assert b'<input id="token" name="token" type="password"' in team.request("GET", "/desk", **here).body
        for wrong in (b"", b"token=", b"token=vgn_x", b"token=" + b"x" * 10_000, b"\xff"):
            assert team.request("POST", "/desk", wrong, **here).status == 401
        entered = team.request("POST", "/desk", f"token={token}".encode(), **here)
        found = COOKIE.fullmatch(entered.headers["set-cookie"])
        assert found
        assert (entered.status, found[2]) == (303, "; Secure")
        cookie = {"Host": "desk.example", "Cookie": found[1]}
        assert team.request("GET", f"/desk/trip/{KYOTO}", **cookie).status == 200
        assert voygen("token", "revoke", "ana", "--db", path).returncode == 0
        assert team.request("GET", f"/desk/trip/{KYOTO}", **cookie).status == 401


def test_tokens_that_can_not_be_looked_up_end_no_session(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    login = f"token={make_token(path, 'ana', '--scope', 'read')}".encode()
    with serving(path) as team, closing(raw.connect(path)) as connection:
        cookie = team.request("POST", "/desk", login).headers["set-cookie"].partition(";")[0]
        connection.execute("ALTER TABLE access_tokens RENAME TO away")
        for page in PAGES:
            reply = team.request("GET", page, Cookie=cookie)
            assert (reply.status, b"is unavailable. Try again in a minute" in reply.body) == (503, True)
        assert team.request("POST", "/desk", login).status == 503
        connection.execute("ALTER TABLE away RENAME TO access_tokens")
        assert team.request("GET", "/desk", Cookie=cookie).status == 200


def test_many_logins_with_a_token_end_only_sessions_of_that_token(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    login = f"token={make_token(path, 'ana', '--scope', 'read')}".encode()

    def cookie_of(reply: Reply) -> str:
        return reply.headers["set-cookie"].partition(";")[0]

    with serving(path) as team:
        link = next(found[0] for line in team.said if (found := re.search(r"/desk\?key=\S+", line)))
        of_link = cookie_of(team.request("GET", link))
        of_token = [cookie_of(team.request("POST", "/desk", login)) for _ in range(MOST_SESSIONS)]
        assert [team.request("GET", "/desk", Cookie=one).status for one in (of_link, of_token[0], of_token[-1])] == [
            200,
            401,
            200,
        ]


def test_a_login_that_never_arrives_neither_keeps_a_connection_nor_delays_the_stop(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    with serving(path, "--client-timeout", "1") as team, unfinished_login(team) as unfinished:
        assert b" 408 " in unfinished.recv(100)
    with serving(path) as team, unfinished_login(team) as unfinished:
        assert team.request("GET", "/desk").status == 401
        assert team.stop(signal.SIGTERM) == 0
        assert b" 408 " in unfinished.recv(100)
    assert not any("Traceback" in line for line in team.said)


def unfinished_login(team: Team) -> socket.socket:
    """A connection on which a login has begun."""
    connection = socket.create_connection(("127.0.0.1", team.port), timeout=PATIENCE)
    connection.sendall(b"POST /desk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\ntoken=")
    return connection


def test_the_command_serves_the_desk_page_alone_and_ends_at_a_signal(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    command = [*own_command(), "desk", "--db", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)(/desk\?key=[\w-]+)\n", said)
        assert found, said
        page = Team(process, said, int(found[1]))
        cookie = page.request("GET", found[2]).headers["set-cookie"].partition(";")[0]
        assert data_of(page.request("GET", f"/desk/trip/{KYOTO}", Cookie=cookie))["answer"]["name"] == "Lima in Kyoto"
        assert page.request("POST", "/mcp", b"{}").status == 404
        assert voygen("desk", "--db", path, "--port", found[1]).returncode == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == ""
