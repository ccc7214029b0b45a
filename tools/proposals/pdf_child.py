"""Turns a page into a PDF in a process of its own, under limits: from HTML on stdin to a PDF on stdout."""

from __future__ import annotations

import hashlib
import logging
import sys
from importlib import import_module
from typing import Any

from documents.children import limit


def main() -> None:
    cpu_seconds, memory = map(int, sys.argv[1:])
    limit(cpu_seconds, memory)
    weasyprint: Any = import_module("weasyprint")
    urls: Any = import_module("weasyprint.urls")
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    # A page may use what is inside it, such as a logo. Anything else ends this process.
    inside = urls.URLFetcher(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)
    html = sys.stdin.buffer.read()
    sys.addaudithook(refuse_outside)
    page = weasyprint.HTML(string=html.decode(), url_fetcher=inside)
    # The bytes of the PDF depend on the page alone.
    identifier = hashlib.sha256(html).hexdigest()[:32].encode()
    sys.stdout.buffer.write(page.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier))


def refuse_outside(event: str, _: tuple[object, ...]) -> None:
    if event.startswith(("socket.", "subprocess.")):
        raise PermissionError(event)


if __name__ == "__main__":
    main()
