"""Cut, flipped and re-encoded documents end in an error of ours or a document, soon and in little memory."""

from __future__ import annotations

import random
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from campaigns import rounds
from papers import SAMPLES

from documents.errors import DocumentError
from documents.model import Kind
from documents.reading import read

if TYPE_CHECKING:
    from collections.abc import Generator

CHARSETS = ("utf-16", "utf-16-be", "utf-32", "cp1252", "cp437", "iso2022_jp", "gb18030", "koi8-r", "utf-7", "cp037")
DECLARED = (None, "text/html; charset=utf-16", "text/html; charset=iso-2022-kr", "text/plain; charset=punycode")
MOST_SECONDS = 2.0
MOST_BYTES = 300 * 1024 * 1024


def cut(content: bytes, dice: random.Random) -> bytes:
    start = dice.choice([0, 0, dice.randrange(len(content))])
    return content[start : dice.randrange(start, len(content)) + 1]


def flip(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice([1, 3, 30, 300])):
        changed[dice.randrange(len(changed))] = dice.choice([0, 9, 10, 34, 60, 62, 128, 255, dice.randrange(256)])
    return bytes(changed)


def repeat(content: bytes, dice: random.Random) -> bytes:
    """Repeat a piece many times, as broken senders and hostile ones do."""
    start = dice.randrange(len(content))
    piece = content[start : start + dice.choice([1, 5, 40, 400])]
    return content[:start] + piece * dice.choice([2, 50, 2_000]) + content[start:]


def swap(content: bytes, dice: random.Random) -> bytes:
    one, other = sorted(dice.randrange(len(content)) for _ in range(2))
    return content[other:] + content[one:other] + content[:one]


def recode(content: bytes, dice: random.Random) -> bytes:
    return content.decode("utf-8", "replace").encode(dice.choice(CHARSETS), "replace")


DAMAGES = (cut, flip, repeat, swap, recode)


@contextmanager
def least_memory() -> Generator[None]:
    """Fail if this process grows by more than is allowed. Only where that can be known."""
    if sys.platform == "win32":
        yield
        return
    import resource  # noqa: PLC0415 - not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < MOST_BYTES


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_damaged_document_is_read_or_refused(kind: str) -> None:
    name, content = SAMPLES[kind]
    dice = random.Random(f"{kind} damaged")  # noqa: S311 - not for secrets
    # A PDF takes a process each.
    count = rounds(short=10, long=200) if kind == "pdf" else rounds(short=28, long=300)
    read(content, filename=name)
    with least_memory():
        for number in range(count):
            damaged = DAMAGES[number % len(DAMAGES)](content, dice)
            named = dice.choice([name, None])
            declared = dice.choice(DECLARED)
            start = time.process_time()
            with suppress(DocumentError):
                read(damaged, filename=named, content_type=declared).text.encode()
            assert time.process_time() - start < MOST_SECONDS, (kind, number)


MAIL = b"MIME-Version: 1.0\nSubject: x\n"
MULTIPART = "Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n"
ENTRY = "BEGIN:VEVENT\nDTSTART:20270504T091500\n"

HOSTILE = {
    "mails in mails with many lines": MAIL + "".join(map(MULTIPART.format, range(90))).encode() + b"x\n" * 1_000_000,
    "a mail with many parts": MAIL
    + b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: text/plain\n\nhello\n" * 100_000,
    "a subject of many encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\n" + MAIL + b"\nhello",
    "a type with many parameters": MAIL
    + b"Content-Type: text/plain"
    + b"".join(b"; a*%d=x" % number for number in range(100_000))
    + b"\n\nhello",
    "alarms without an end": f"BEGIN:VCALENDAR\n{ENTRY}".encode() + b"BEGIN:VALARM\n" * 90_000,
    "zones without an end": b"BEGIN:VCALENDAR\n" + b"BEGIN:VTIMEZONE\n" * 90_000,
    "many excluded dates": f"BEGIN:VCALENDAR\n{ENTRY}EXDATE:".encode() + b"20270504T091500," * 190_000,
    "a pass with many brackets": b'{"passTypeIdentifier":"x","generic":{"primaryFields":[{"value":"'
    + b"<" * 400_000
    + b'"}]}}',
    "elements in elements": b"<div>" * 90_000 + b"x",
    "an element with many attributes": b"<p" + b"".join(b" a%d=1" % number for number in range(60_000)) + b">x",
    "comments without an end": b"<p>x" + b"<!--" * 400_000,
    "structured data without an end": b"<p>x<script type='application/ld+json'>" + b"[" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_made_to_take_long_is_read_soon(name: str) -> None:
    start = time.process_time()
    with least_memory():
        document = read(HOSTILE[name])
    assert document.kind is not Kind.OTHER
    # Without bounds, most of them take from ten seconds to minutes.
    assert time.process_time() - start < 4 * MOST_SECONDS
