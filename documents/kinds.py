"""The kind of a document, by its bytes first, then by its declared type and name."""

from __future__ import annotations

import re

from documents.model import Kind

BY_TYPE = {
    "application/pdf": Kind.PDF,
    "application/vnd.apple.pkpass": Kind.PASS,
    "application/xhtml+xml": Kind.PAGE,
    "message/rfc822": Kind.MAIL,
    "text/calendar": Kind.CALENDAR,
    "text/html": Kind.PAGE,
    "text/plain": Kind.TEXT,
}
BY_ENDING = {
    "eml": Kind.MAIL,
    "htm": Kind.PAGE,
    "html": Kind.PAGE,
    "ics": Kind.CALENDAR,
    "ical": Kind.CALENDAR,
    "md": Kind.TEXT,
    "mht": Kind.MAIL,
    "mhtml": Kind.MAIL,
    "pdf": Kind.PDF,
    "pkpass": Kind.PASS,
    "txt": Kind.TEXT,
    "xhtml": Kind.PAGE,
}

# Bytes that start a file of another kind: pictures, archives, office files.
OTHER_STARTS = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0c",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"{\\rtf",
)
ZIP = b"PK\x03\x04"
MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*"
    rb"<(?:!doctype html|html|head|body|title|meta|div|table|p|h[1-6]|span|center|article|section|main|ul|ol|style"
    rb"|script|br|b|i|font|a|blockquote)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
CALENDAR = re.compile(rb"\s*BEGIN:VCALENDAR", re.IGNORECASE)
MAIL_FIELD = re.compile(
    rb"^(?:Received|Return-Path|Delivered-To|MIME-Version|Message-ID|From|To|Subject|Date|Content-Type|X-[\w-]+"
    rb"|DKIM-Signature|ARC-[\w-]+|Reply-To|Sender|Cc|Authentication-Results)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
PASS_JSON = re.compile(rb'\s*\{(?=.*"passTypeIdentifier"\s*:)', re.DOTALL)
HEAD = 4096
# Control characters of plain text, and how many letters there are for each other one.
WHITE = b"\t\n\v\f\r\x1b"
FIRST_LETTER = 0x20
LONGEST_LETTER = 4
FEW, VERY_FEW = 2, 20


def kind_of(content: bytes, filename: str | None = None, content_type: str | None = None) -> Kind:
    """Return the kind of a document. The bytes decide where they are plain, because declared types are often wrong."""
    head = _readable(content[:HEAD])
    if _is_text(head, lenient=media_type(content_type) == "text/plain"):
        head = head.replace(b"\0", b"")
    return _by_bytes(content, head) or _declared(head, filename, content_type) or _by_letters(head)


def media_type(content_type: str | None) -> str:
    """Return a Content-Type's type without its parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def _by_bytes(content: bytes, head: bytes) -> Kind | None:
    if content.startswith(ZIP):
        return Kind.PASS if b"pass.json" in content else Kind.OTHER
    signs = (
        (Kind.PDF, b"%PDF-" in content[:1024]),
        (Kind.OTHER, content.startswith(OTHER_STARTS) and not (_is_text(head, lenient=True) and head[:1] != b"{")),
        (Kind.CALENDAR, CALENDAR.match(head)),
        (Kind.PAGE, MARKUP.match(head)),
        (Kind.PASS, PASS_JSON.match(content[: 1024 * 1024])),
        (Kind.MAIL, _starts_a_mail(head)),
    )
    return next((kind for kind, found in signs if found), None)


def _starts_a_mail(head: bytes) -> bool:
    """Return True for header fields from the first line on. Pasted text with "From:" and "To:" has no MIME fields."""
    fields = {match[0].rstrip(b" \t:").lower() for match in MAIL_FIELD.finditer(_header(head))}
    first = head.split(b"\n", 1)[0]
    starts = bool(MAIL_FIELD.match(head)) or first.startswith(b"From ")
    return starts and bool(fields & {b"mime-version", b"message-id", b"received", b"content-type", b"return-path"})


def _header(head: bytes) -> bytes:
    return re.split(rb"\r?\n[ \t]*\r?\n", head, maxsplit=1)[0]


def _declared(head: bytes, filename: str | None, content_type: str | None) -> Kind | None:
    declared = BY_TYPE.get(media_type(content_type))
    if declared is None or declared is Kind.TEXT:
        ending = (filename or "").rpartition(".")[2].lower()
        declared = BY_ENDING.get(ending) or declared
    if declared in {Kind.PAGE, Kind.MAIL, Kind.TEXT} and b"\0" in head:
        return Kind.OTHER
    return Kind.TEXT if declared is Kind.PAGE and b"<" not in head else declared


def _by_letters(head: bytes) -> Kind:
    return Kind.OTHER if b"\0" in head else Kind.TEXT


def _is_text(head: bytes, *, lenient: bool) -> bool:
    """Return True if bytes are text, although a stray control character, such as NUL, may be in it."""
    odd = sum(letter not in WHITE for letter in head if letter < FIRST_LETTER)
    most = len(head) // (FEW if lenient else VERY_FEW)
    begins = lenient or not head or head[0] >= FIRST_LETTER or head[0] in WHITE
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # Only the last letter may be cut in two.
        if len(head) < HEAD or error.start < len(head) - LONGEST_LETTER:
            return False
    return begins and odd <= most


def _readable(head: bytes) -> bytes:
    """Return the start of a text in UTF-16 as UTF-8, and other bytes without a byte order mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    return head.removeprefix(b"\xef\xbb\xbf")
