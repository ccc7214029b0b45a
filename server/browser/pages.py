"""The pages beside the pictures: the index, the request to log in, and errors."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape

from server.pictures.pages import SHARED_SCRIPTS, SHARED_STYLES, SOURCE, Page, assembled

PATH = "/desk"

STYLES = (*SHARED_STYLES, "desk.css")

# Beside the policies that the pages declare: no other page may frame these.
UNFRAMED = "frame-ancestors 'none'"


@dataclass(frozen=True)
class Shown:
    """A page to send, and its Content-Security-Policy."""

    html: str
    policy: str
    status: int = 200


@cache
def index_page() -> Page:
    return assembled("desk", "Trip desk", STYLES, (*SHARED_SCRIPTS, "desk.js"))


def login_page(problem: str, *, has_link: bool, takes_tokens: bool) -> Shown:
    """Return the page that asks for the link that was printed, or for a token. `problem` is of the last attempt."""
    said = f'<p class="warn gap">{escape(problem)}</p>' if problem else ""
    link = (
        '<p class="gap">Open the link that voygen printed at its start. It works once; restart voygen for another.</p>'
    )
    form = (
        f'<form method="post" action="{PATH}" class="gap"><p><label for="token">Access token</label></p>'
        '<p><input id="token" name="token" type="password" autocomplete="off" required></p>'
        '<p class="gap"><button>Open the desk</button></p></form>'
    )
    body = said + (link if has_link else "") + (form if takes_tokens else "")
    return _plain("Log in to the trip desk", body, 401)


def entered_page() -> Shown:
    """Return the page that goes on to the index at once."""
    body = f'<p><a href="{PATH}">Open the desk</a></p>'
    return _plain("Opening the trip desk", body, 200, head=f'<meta http-equiv="refresh" content="0;url={PATH}">\n')


def error_page(title: str, words: str, status: int) -> Shown:
    return _plain(title, f'<p>{escape(words)}</p><p class="gap"><a href="{PATH}">Back to the desk</a></p>', status)


def _plain(title: str, body: str, status: int, *, head: str = "") -> Shown:
    style = "".join((SOURCE / name).read_text(encoding="utf-8") for name in STYLES)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'"
    html = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
{head}<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body><main><h1>{escape(title)}</h1>{body}</main></body>
</html>
"""
    return Shown(html, policy, status)
