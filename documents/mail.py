"""A mail becomes its text, and its attachments and forwarded mails become parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from documents.bounds import MAIL_BOUNDARIES, MAIL_DEPTH, MAIL_HEADER_LENGTH, MAIL_HEADERS, MAIL_LINES, MAIL_PARTS
from documents.errors import DocumentError
from documents.model import Document, Kind
from documents.page import read_page
from documents.pasted import without_headers
from documents.plaintext import bounded, decode, read_text, tidy
from documents.quoted import split_quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from email.message import Message

    Reader = Callable[[bytes, str | None, str | None], Document]

ADDRESS = re.compile(r"https?://\S+|\[[^\]]{0,40}:\s*\S+\]")
NEW_LINE = re.compile(rb"\n")
PART_START = re.compile(rb"^content-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
BOUNDARY = re.compile(rb"\bboundary\*?[\d*]*[ \t]*=", re.IGNORECASE)
FIELD = re.compile(rb"^content-(?:type|disposition)[ \t]*:[^\n]*+(?:\n[ \t][^\n]*+)*+", re.IGNORECASE | re.MULTILINE)
TOO_LONG = "The end of a mail with very many lines or parts."
TOO_MANY = f"Parts of the mail beyond {MAIL_PARTS}."
TOO_DEEP = f"Mails inside mails deeper than {MAIL_DEPTH}."
UNREADABLE = "A part of the mail that can't be read: "
# What mail programs may do to the words of a stored mail without changing it.
BROKEN = (LookupError, ValueError, TypeError, AttributeError, RecursionError, MessageError)


def read_mail(content: bytes, read_part: Reader, depth: int = 0) -> Document:
    """Read a mail. `read_part` reads the attachments that are no mails themselves."""
    cut: list[str] = []
    try:
        message = message_from_bytes(_tamed(content, cut))
    except BROKEN as error:
        raise DocumentError(
            "invalid_input", "This mail is damaged or nested too deeply.", "Send the text of the mail."
        ) from error
    mail = _Mail(message, read_part, depth).document()
    mail.left_out += cut
    return mail


def _tamed(content: bytes, cut: list[str]) -> bytes:
    """Return a mail that can be parsed in time: the standard library takes minutes for very many parts or fields."""
    kept = FIELD.sub(lambda match: match[0][:MAIL_HEADER_LENGTH], content)
    end = len(kept)
    for pattern, most in ((NEW_LINE, MAIL_LINES), (PART_START, MAIL_HEADERS), (BOUNDARY, MAIL_BOUNDARIES)):
        beyond = next(islice(pattern.finditer(kept, 0, end), most, None), None)
        end = beyond.start() if beyond else end
    if end < len(kept):
        cut.append(TOO_LONG)
    return kept[:end]


@dataclass(slots=True)
class _Mail:
    message: Message[Any, Any]
    read_part: Reader
    depth: int

    def document(self) -> Document:
        subject = header_text(self.message, "Subject")
        mail = Document(Kind.MAIL, title=subject, subject=subject, sent_at=_sent_at(self.message))
        mail.language = _language(self.message)
        for number, part in enumerate(_leaves(self.message)):
            if len(mail.parts) >= MAIL_PARTS or number > 2 * MAIL_PARTS:
                _note(mail, TOO_MANY)
                break
            self._take(part, mail)
        own, quoted = split_quoted(mail.lines)
        mail.lines = bounded(without_headers(own)[0], mail.left_out)
        room = MAIL_PARTS - len(mail.parts)
        if len(quoted) > room:
            _note(mail, TOO_MANY)
        mail.parts = quoted[:room] + mail.parts
        return mail

    def _take(self, part: Message[Any, Any], mail: Document) -> None:
        kind = part.get_content_type()
        if kind == "multipart/alternative" and part.is_multipart():
            self._choose(part, mail)
        elif kind == "message/rfc822":
            self._attach_mail(part, mail)
        elif kind in {"text/plain", "text/html"} and not _is_attachment(part):
            self._add_text(_text_of(part, mail), mail)
        elif part.get_content_maintype() not in {"multipart", "message"}:
            self._attach(part, mail)

    def _choose(self, alternative: Message[Any, Any], mail: Document) -> None:
        """Take the one of several tellings that has more text. Structured data and attachments count in any case."""
        tellings: list[Document] = []
        for part in _leaves(alternative, inside=True):
            if part.get_content_type() in {"text/plain", "text/html"} and not _is_attachment(part):
                telling = _text_of(part, mail)
                if telling:
                    tellings.append(telling)
            else:
                self._take(part, mail)
        if tellings:
            # Of equals the last, as the sender prefers it (RFC 2046, 5.1.4).
            best = max(reversed(tellings), key=_told)
            self._add_text(best, mail)
            mail.nodes += [node for telling in tellings if telling is not best for node in telling.nodes]

    def _add_text(self, text: Document | None, mail: Document) -> None:
        if text is None:
            return
        mail.lines += text.lines
        mail.nodes += text.nodes
        mail.language = text.language or mail.language
        for note in text.left_out:
            _note(mail, note)

    def _attach_mail(self, part: Message[Any, Any], mail: Document) -> None:
        payload: Any = part.get_payload()
        inners = cast("list[Message[Any, Any]]", payload) if isinstance(payload, list) else []
        if not inners:
            return
        if self.depth + 1 >= MAIL_DEPTH:
            _note(mail, TOO_DEEP)
            return
        attached = _Mail(inners[0], self.read_part, self.depth + 1).document()
        attached.filename = _filename(part)
        mail.parts.append(attached)

    def _attach(self, part: Message[Any, Any], mail: Document) -> None:
        content = _payload(part)
        kind = part.get_content_type()
        if not content or (kind.startswith("image/") and not _is_attachment(part)):
            return
        name = _filename(part)
        if kind == "application/pgp-signature" or (name or "").endswith(".p7s"):
            return
        try:
            mail.parts.append(self._read_attachment(content, name, part))
        except DocumentError as error:
            _note(mail, UNREADABLE + error.message)

    def _read_attachment(self, content: bytes, name: str | None, part: Message[Any, Any]) -> Document:
        if (name or "").lower().endswith(".eml"):
            if self.depth + 1 >= MAIL_DEPTH:
                return Document(Kind.MAIL, filename=name, left_out=[TOO_DEEP])
            inner = read_mail(content, self.read_part, self.depth + 1)
            inner.filename = name
            return inner
        charset = _parameter(part, "charset")
        declared = part.get_content_type() + (f"; charset={charset}" if charset else "")
        return self.read_part(content, name, declared)


def header_text(message: Message[Any, Any], name: str) -> str | None:
    """Return a header's words, decoded, or None."""
    try:
        raw = message[name]
        if raw is None:
            return None
        pieces = decode_header(str(raw)[:MAIL_HEADER_LENGTH])
    except BROKEN:
        return None
    words = "".join(
        piece if isinstance(piece, str) else decode(piece, None if charset == "unknown-8bit" else charset)
        for piece, charset in pieces
    )
    return tidy(words) or None


def _leaves(message: Message[Any, Any], *, inside: bool = False) -> Iterator[Message[Any, Any]]:
    """Yield the parts in order, without looking into alternatives, which are to be chosen from, or other mails."""
    pending = [message]
    first = inside
    while pending:
        part = pending.pop()
        payload: Any = part.get_payload() if part.is_multipart() else None
        opens = part.get_content_type() not in {"multipart/alternative", "message/rfc822"} or first
        first = False
        if isinstance(payload, list) and opens:
            pending.extend(reversed(cast("list[Message[Any, Any]]", payload)))
        else:
            yield part


def _text_of(part: Message[Any, Any], mail: Document) -> Document | None:
    content = _payload(part)
    if not content:
        return None
    charset = _parameter(part, "charset")
    declared = f"text/html; charset={charset}" if charset else None
    if part.get_content_type() == "text/plain":
        return read_text(content, declared)
    try:
        return read_page(content, declared)
    except DocumentError as error:
        _note(mail, UNREADABLE + error.message)
        return None


def _payload(part: Message[Any, Any]) -> bytes:
    try:
        payload: Any = part.get_payload(decode=True)
    except BROKEN:
        return b""
    return payload if isinstance(payload, bytes) else b""


def _parameter(part: Message[Any, Any], name: str) -> str | None:
    try:
        value = part.get_param(name)
    except BROKEN:
        return None
    return value if isinstance(value, str) else value[2] if isinstance(value, tuple) else None


def _filename(part: Message[Any, Any]) -> str | None:
    try:
        raw = part.get_filename()
        pieces = decode_header(raw[:MAIL_HEADER_LENGTH]) if raw else []
    except BROKEN:
        return None
    name = "".join(piece if isinstance(piece, str) else decode(piece, charset) for piece, charset in pieces)
    return tidy(name.replace("\\", "/").rpartition("/")[2])[:200] or None


def _is_attachment(part: Message[Any, Any]) -> bool:
    try:
        return part.get_content_disposition() == "attachment"
    except BROKEN:
        return False


def _sent_at(message: Message[Any, Any]) -> datetime | None:
    words = header_text(message, "Date")
    try:
        return parsedate_to_datetime(words) if words else None
    except BROKEN:
        return None


def _language(message: Message[Any, Any]) -> str | None:
    words = header_text(message, "Content-Language") or ""
    match = re.match(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", words)
    return match[0] if match else None


def _told(text: Document) -> int:
    """Return how much a telling says, without the addresses of its links."""
    return sum(letter.isalnum() for line in text.lines for letter in ADDRESS.sub("", line.text))


def _note(mail: Document, note: str) -> None:
    if note not in mail.left_out:
        mail.left_out.append(note)
