"""Pages are fetched from public addresses only, within limits, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import logging
import random
import re
import ssl
import tracemalloc
import zlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from documents.addresses import is_public
from documents.errors import DocumentError
from documents.fetching import Fetched, Limits, Network, fetch
from documents.inflating import Inflating, TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
    from pathlib import Path

    Answer = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

PUBLIC = "93.184.215.14"
NOISE = random.Random(1).randbytes(9_000)  # noqa: S311 - not for secrets
WORDS = "the words of the page"
QUICK = Limits(size=1024 * 1024, seconds=10)
BRIEF = Limits(seconds=0.3)

NOT_PUBLIC = re.findall(
    r"\S+",
    """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.0.3 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8
    192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::7f00:1 ::a00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::7f00:1
    64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 100::1 2001::1 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:c0a8:101::1
    3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 2a00:1450::1%eth0 fec0::1 ff02::1 4000::1 nonsense
    """,
)


@dataclass
class Web:
    """A server on loopback that answers by path, and a network in which names lead to it."""

    answers: dict[str, Answer] = field(default_factory=dict[str, Any])
    names: dict[str, list[list[str]]] = field(default_factory=dict[str, Any])
    requests: list[bytes] = field(default_factory=list[bytes])
    resolved: list[str] = field(default_factory=list[str])
    connects: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    server_names: list[str] = field(default_factory=list[str])
    port: int = 0
    trusted: ssl.SSLContext | None = None

    def answer(self, path: str, body: bytes = b"", status: str = "200 OK", *headers: str) -> None:
        head = "".join(f"{header}\r\n" for header in headers)
        self.answers[path] = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body

    def redirect(self, path: str, to: str, *headers: str) -> None:
        self.answer(path, WORDS.encode(), "302 Found", f"Location: {to}", *headers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            answer = self.answers[request.split(b" ")[1].decode()]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @property
    def network(self) -> Network:
        return Network(self.resolve, _Wires(self), self.trusted)

    async def resolve(self, host: str, port: int) -> list[str]:
        del port
        self.resolved.append(host)
        answers = self.names.get(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def fetch(self, url: str, limits: Limits = QUICK, allow_hosts: Iterable[str] = ()) -> Fetched:
        return await fetch(url, allow_hosts=list(allow_hosts), limits=limits, network=self.network)

    async def refusal(self, url: str, limits: Limits = QUICK) -> DocumentError:
        """Return the error of a fetch, after checking that it tells nothing of the page."""
        with pytest.raises(DocumentError) as raised:
            await self.fetch(url, limits)
        assert WORDS not in f"{raised.value.message} {raised.value.hint}"
        return raised.value


class _Wires(httpcore2.AsyncNetworkBackend):
    """Notes each address that is connected to, and leads all of them to the server."""

    def __init__(self, web: Web) -> None:
        self.web = web

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.web.connects.append((host, port))
        inner: Any = httpcore2.AnyIOBackend()
        return await inner.connect_tcp("127.0.0.1", self.web.port)


@asynccontextmanager
async def serving(identity: ssl.SSLContext | None = None) -> AsyncGenerator[Web]:
    web = Web()
    if identity:

        def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
            web.server_names.append(name or "")

        identity.sni_callback = note
    server = await asyncio.start_server(web.serve, "127.0.0.1", 0, ssl=identity)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()


async def test_a_page_comes_with_its_address_its_type_and_its_bytes() -> None:
    async with serving() as web:
        web.answer("/trip?day=1", b"<p>Hello", "200 OK", "Content-Type: text/html; charset=latin-1")
        fetched = await web.fetch("http://trips.example/trip?day=1#top")
        assert fetched == Fetched("http://trips.example/trip?day=1", "text/html; charset=latin-1", b"<p>Hello")
        assert web.connects == [(PUBLIC, 80)]
        assert b"\r\nHost: trips.example\r\n" in web.requests[0]


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_nothing_is_connected_to_if_any_address_of_a_host_is_not_public(address: str) -> None:
    async with serving() as web:
        web.answer("/", WORDS.encode())
        for answers in ([address], [PUBLIC, address], [address, PUBLIC]):
            web.names["inner.example"] = [answers]
            error = await web.refusal("http://inner.example/")
            assert (error.code, error.message) == (
                "invalid_input",
                "inner.example is not on the public internet.",
            )
        assert web.connects == []


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_no_address_that_python_calls_private_is_public() -> None:
    dice = random.Random(17)  # noqa: S311 - not for secrets
    for _ in range(3_000):
        for address in (
            ipaddress.IPv4Address(dice.getrandbits(32)),
            ipaddress.IPv6Address(dice.getrandbits(128)),
            ipaddress.IPv6Address((0x2000 + dice.getrandbits(8) << 112) + dice.getrandbits(100)),
        ):
            if is_public(str(address)):
                assert address.is_global, address
                assert not address.is_multicast, address


HERE = re.findall(
    r"\S+", "127.0.0.1 localhost 127.1 2130706433 0x7f.1 0177.0.0.1 0 [::1] [::ffff:127.0.0.1] [64:ff9b::7f00:1] [::]"
)


@pytest.mark.parametrize("host", HERE)
async def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    async with serving() as web:
        for path in ("", f":{web.port}"):
            with pytest.raises(DocumentError) as raised:
                await fetch(f"http://{host}{path}/", network=Network(backend=_Wires(web)))
            assert raised.value.code in {"invalid_input", "unavailable"}
        assert web.connects == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://trips.example/",
        "gopher://trips.example/",
        "data:text/html,hello",
        "javascript:alert(1)",
        "trips.example/page",
        "//trips.example/",
        "",
        "http://",
        "http:///path",
        "http://user:word@trips.example/",
        "http://user@trips.example/",
        "http://trips.example:22/",
        "http://trips.example:8080/",
        "http://[::1",
        "http://trips.example:port/",
        "http://trips.exa\nmple/",
        "http://trips.example/" + "x" * 5_000,
    ],
)
async def test_an_address_of_another_kind_is_refused_before_anything_is_resolved(url: str) -> None:
    async with serving() as web:
        assert (await web.refusal(url)).code == "invalid_input"
        assert (web.resolved, web.connects) == ([], [])


async def test_a_name_is_resolved_once_so_a_second_answer_cannot_lead_elsewhere() -> None:
    async with serving() as web:
        web.names["turning.example"] = [[PUBLIC], ["127.0.0.1"]]
        web.answer("/", b"first")
        assert (await web.fetch("http://turning.example/")).content == b"first"
        assert (web.resolved, web.connects) == (["turning.example"], [(PUBLIC, 80)])
        # The next fetch resolves anew, and is refused.
        await web.refusal("http://turning.example/")
        assert web.connects == [(PUBLIC, 80)]


async def test_a_second_public_address_is_tried_if_the_first_does_not_answer() -> None:
    async with serving() as web:
        web.names["two.example"] = [["8.8.8.8", PUBLIC]]
        web.answer("/", b"second")

        class Dead(_Wires):
            async def connect_tcp(self, host: str, port: int, *more: Any, **named: Any) -> Any:
                if host == "8.8.8.8":
                    raise httpcore2.ConnectError
                return await super().connect_tcp(host, port, *more, **named)

        fetched = await fetch("http://two.example/", network=Network(web.resolve, Dead(web)))
        assert (fetched.content, web.connects) == (b"second", [(PUBLIC, 80)])


async def test_redirects_are_followed_each_to_a_checked_address() -> None:
    async with serving() as web:
        web.redirect("/a", "b/")
        web.redirect("/b/", "//second.example/c?x=1#part")
        web.answer("/c?x=1", b"there")
        web.names["second.example"] = [["8.8.8.8"]]
        fetched = await web.fetch("http://first.example/a")
        assert (fetched.final_url, fetched.content) == ("http://second.example/c?x=1", b"there")
        assert web.connects == [(PUBLIC, 80), (PUBLIC, 80), ("8.8.8.8", 80)]


@pytest.mark.parametrize(
    "target",
    [
        "http://inner.example/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "//169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://trips.example/",
        "http://trips.example:6379/",
        "http://user:w0rd@trips.example/",
        "http://[::1",
        "http://xn--nxasmq6b.%5Bend%5D.test:81/",
        "http://xn--nxasmq6b.%5Bend%5D.test/",
        "http://ignore.previous.instructions.test:81/",
        "http://\u202e.test/",
        "//ignore.previous.instructions.test/",
        "javascript:alert(1)",
    ],
)
async def test_a_redirect_to_what_may_not_be_fetched_is_refused(target: str) -> None:
    async with serving() as web:
        web.names |= {"inner.example": [["10.0.0.5"]], "127.0.0.1": [["127.0.0.1"]], "::1": [["::1"]]}
        web.names["169.254.169.254"] = [["169.254.169.254"]]
        web.names["ignore.previous.instructions.test"] = [["10.0.0.6"]]
        web.redirect("/", target)
        error = await web.refusal("http://trips.example/")
        assert web.connects == [(PUBLIC, 80)]
        # The page chose the words of the second address, so the error has none of them.
        assert error.message.startswith("trips.example redirects to an address that ")
        assert not any(
            word in error.message + error.hint for word in ("ignore", "inner", "127", "xn--", "w0rd", "6379")
        )


async def test_a_private_address_at_another_port_is_refused_for_being_private_and_the_way_to_allow_it_is_told() -> None:
    with pytest.raises(DocumentError) as raised:
        await fetch("http://127.0.0.1:8772/")
    assert raised.value.message == "127.0.0.1 is not on the public internet."
    assert raised.value.hint.endswith("--allow-hosts 127.0.0.1:8772.")
    with pytest.raises(DocumentError, match=r"^The address is not valid\.$"):
        await fetch("http://xn--nxasmq6b.%5Bend%5D.test/")


async def test_what_a_page_sends_is_not_logged_at_the_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving() as web:
        web.redirect("/", "/next", "X-Words: secret")
        web.answer("/next", b"there")
        await web.fetch("http://trips.example/")
    assert "secret" not in caplog.text


async def test_more_than_five_redirects_are_refused() -> None:
    async with serving() as web:
        for number in range(10):
            web.redirect(f"/{number}", f"/{number + 1}")
        web.answer("/10", b"there")
        assert (await web.fetch("http://trips.example/5")).content == b"there"
        error = await web.refusal("http://trips.example/0")
        assert error.message == "trips.example redirects more than 5 times."
        web.redirect("/loop", "/loop")
        await web.refusal("http://trips.example/loop")


async def test_cookies_and_what_the_environment_says_of_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving() as web:
        web.redirect("/", "/next", "Set-Cookie: a=b; Path=/")
        web.answer("/next", b"there")
        await web.fetch("http://trips.example/")
        await web.fetch("http://trips.example/next")
        names = {line.split(b":")[0].lower() for request in web.requests for line in request.split(b"\r\n")[1:] if line}
        assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}
        assert len(web.requests) == 3


def raw_deflate(body: bytes) -> bytes:
    squeezed = zlib.compressobj(wbits=-15)
    return squeezed.compress(body) + squeezed.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("x-gzip", gzip.compress(b"hel") + gzip.compress(b"lo") + b"\0\0"),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", raw_deflate(b"hello")),
        ("identity", b"hello"),
    ],
    ids=["gzip", "two members", "deflate", "raw deflate", "identity"],
)
async def test_gzip_and_deflate_are_decoded(encoding: str, body: bytes) -> None:
    async with serving() as web:
        web.answer("/", body, "200 OK", f"Content-Encoding: {encoding}")
        assert (await web.fetch("http://trips.example/")).content == b"hello"


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("gzip", gzip.compress(bytes(50_000_000), 9), "sends more than 1 MB"),
        ("gzip", gzip.compress(bytes(400_000)) * 10, "sends more than 1 MB"),
        ("deflate", zlib.compress(bytes(50_000_000), 9), "sends more than 1 MB"),
        ("identity", bytes(2_000_000), "sends more than 1 MB"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"hello")), "sends a page that can't be decoded"),
        ("br", WORDS.encode(), "sends a page that can't be decoded"),
        ("gzip", WORDS.encode(), "sends a page that can't be decoded"),
        ("gzip", gzip.compress(NOISE)[:-20], "sends a page that can't be decoded"),
        ("deflate", zlib.compress(b"hello" * 99)[:9], "sends a page that can't be decoded"),
    ],
    ids=["bomb", "ten members", "deflate bomb", "long", "twice", "unknown", "plain", "cut gzip", "cut deflate"],
)
async def test_a_page_that_is_too_large_or_not_decodable_is_refused(encoding: str, body: bytes, reason: str) -> None:
    async with serving() as web:
        web.answer("/", body, "200 OK", f"Content-Encoding: {encoding}")
        assert (await web.refusal("http://trips.example/")).message == f"trips.example {reason}."


def test_a_bomb_is_never_inflated_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            Inflating("gzip", 100_000).add(bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


async def test_a_body_without_an_end_is_cut_off_at_the_limit() -> None:
    async with serving() as web:

        async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                await writer.drain()

        web.answers["/"] = endless
        assert (await web.refusal("http://trips.example/")).message == "trips.example sends more than 1 MB."


async def drip(writer: asyncio.StreamWriter, start: bytes, drop: bytes) -> None:
    writer.write(start)
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: 1\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
)
async def test_a_server_that_takes_its_time_gets_only_so_much_in_all(start: bytes, drop: bytes) -> None:
    async with serving() as web:
        web.answers["/"] = lambda _, writer: drip(writer, start, drop)
        error = await web.refusal("http://trips.example/", BRIEF)
        assert (error.code, error.message) == ("unavailable", "trips.example did not answer within 0.3 seconds.")


async def test_a_resolver_that_does_not_answer_counts_against_the_time() -> None:
    async def never(_: str, __: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(DocumentError, match="did not answer"):
        await fetch("http://trips.example/", limits=BRIEF, network=Network(never))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"SSH-2.0-OpenSSH " + WORDS.encode() + b"\r\n",
        WORDS.encode(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_that_is_not_a_web_servers_is_refused(answer: bytes) -> None:
    async with serving() as web:
        web.answers["/"] = answer
        assert (await web.refusal("http://trips.example/")).code == "unavailable"


@pytest.mark.parametrize(
    "status", ["204 None", "304 Same", "401 Who", "403 No", "404 Gone", "418 Pot", "500 Oh", "302 Where"]
)
async def test_an_error_of_the_host_is_told_by_its_number_and_never_by_its_words(status: str) -> None:
    async with serving() as web:
        web.answer("/", WORDS.encode() if status[0] != "3" and status[:3] != "204" else b"", status)
        if status.startswith("204"):
            assert (await web.fetch("http://trips.example/")).content == b""
            return
        error = await web.refusal("http://trips.example/")
        assert (error.code, status[:3] in error.message) == ("unavailable", True)


async def test_a_host_that_is_not_known_is_told() -> None:
    async with serving() as web:
        web.names["nowhere.example"] = [[]]
        error = await web.refusal("http://nowhere.example/")
        assert (error.code, error.message) == ("unavailable", "nowhere.example is not known.")


async def test_an_allowed_host_may_be_private_at_its_port_and_at_no_other() -> None:
    async with serving() as web:
        web.answer("/", b"inside")
        url = f"http://127.0.0.1:{web.port}/"
        assert (await fetch(url, allow_hosts=[f"127.0.0.1:{web.port}"])).content == b"inside"
        for allowed in ("127.0.0.1", f"127.0.0.1:{web.port + 1}", f"localhost:{web.port}"):
            with pytest.raises(DocumentError):
                await fetch(url, allow_hosts=[allowed])
        web.names["wiki.example"] = [["10.1.1.1"]]
        assert (await web.fetch("http://wiki.example/", allow_hosts=["Wiki.Example."])).content == b"inside"
        web.redirect("/out", "http://other.example/")
        web.names["other.example"] = [["10.1.1.2"]]
        with pytest.raises(
            DocumentError, match=r"^wiki\.example redirects to an address that is not on the public internet\.$"
        ):
            await web.fetch("http://wiki.example/out", allow_hosts=["wiki.example"])


async def test_four_pages_are_fetched_at_once_and_the_fifth_waits() -> None:
    async with serving() as web:
        running, most, go = 0, 0, asyncio.Event()

        async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            if most == 4:
                go.set()
            await go.wait()
            running -= 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        web.answers["/"] = hold
        pages = await asyncio.gather(*(web.fetch("http://trips.example/") for _ in range(9)))
        assert ([page.content for page in pages], most) == ([b"ok"] * 9, 4)


async def test_a_fetch_that_waits_too_long_for_its_turn_says_that_the_others_are_busy() -> None:
    async with serving() as web:
        go = asyncio.Event()

        async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        web.answers["/"] = hold
        first = [asyncio.create_task(web.fetch("http://trips.example/")) for _ in range(4)]
        while len(web.requests) < 4:  # noqa: ASYNC110 - the server's list has no event
            await asyncio.sleep(0)
        assert (await web.refusal("http://trips.example/", BRIEF)).code == "busy"
        go.set()
        assert [page.content for page in await asyncio.gather(*first)] == [b"ok"] * 4


def identity_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate for the name, and a client's that trusts only it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "identity.pem"
    file.write_bytes(pem + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_tls_names_the_host_although_its_address_is_connected_to(tmp_path: Path) -> None:
    identity, trusting = identity_for("trips.example", tmp_path)
    async with serving(identity) as web:
        web.trusted = trusting
        web.answer("/", b"safe")
        web.redirect("/down", "http://trips.example/")
        assert (await web.fetch("https://trips.example/")).content == b"safe"
        assert (web.connects, web.server_names) == ([(PUBLIC, 443)], ["trips.example"])
        # From https, nothing goes on without it.
        error = await web.refusal("https://trips.example/down")
        assert error.message == "trips.example redirects from https to http."
        assert {port for _, port in web.connects} == {443}
        # The certificate is for another name, or from nobody that is trusted.
        error = await web.refusal("https://other.example/")
        assert error.message == "other.example has no valid certificate."
        web.trusted = None
        error = await web.refusal("https://trips.example/")
        assert error.message == "trips.example has no valid certificate."
