"""The commands for access tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from database.quoting import as_word
from server.options import CannotDo, database, run, show
from server.options import as_json as as_json_option

if TYPE_CHECKING:
    from database.d1_address import Location


@click.group()
def token() -> None:
    """Manage access tokens for HTTP clients."""


@token.command()
@database
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(["read", "write"]),
    default="write",
    show_default=True,
    help="read allows read-only tools; write allows all tools.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until the token expires. Default: never.")
@as_json_option
def create(where: Location, name: str, scope: Literal["read", "write"], days: int | None, *, as_json: bool) -> None:
    """Create a token and print it. It is shown only once."""
    from server.tokens import TokenRefused, create_token  # noqa: PLC0415

    try:
        made = run(create_token(where, name, scope, days))
    except TokenRefused as refused:
        raise CannotDo(str(refused)) from refused
    click.echo("Save this token. It is not shown again.", err=True)
    show({"name": name, "scope": scope, "token": made} if as_json else made)


@token.command(name="list")
@database
@as_json_option
def list_(where: Location, *, as_json: bool) -> None:
    """List all tokens with scope, state and last use."""
    from server.tokens import describe, list_tokens  # noqa: PLC0415

    listed = run(list_tokens(where))
    show(listed if as_json else describe(listed))


@token.command()
@database
@click.argument("name")
@as_json_option
def revoke(where: Location, name: str, *, as_json: bool) -> None:
    """Revoke a token. Running servers refuse it at once."""
    from server.tokens import TokenRefused, revoke_token  # noqa: PLC0415

    try:
        run(revoke_token(where, name))
    except TokenRefused as refused:
        raise CannotDo(str(refused)) from refused
    show({"name": name, "revoked": True} if as_json else f"Token {as_word(name)} revoked.")
