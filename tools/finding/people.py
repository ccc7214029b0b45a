"""Resolves the client that a call refers to, and prepares new clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from database import clients
from tools.answers.errors import InvalidInput, NotFound
from tools.answers.fields import ClientId, Details, Email, Name, Phone
from tools.trip.shapes import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from database.engine import Database, Row


# Namesakes listed in an answer.
NAMESAKES_SHOWN = 3


class ClientReference(BaseModel):
    """A client by e-mail or by id."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    email: Email | None = None
    client_id: ClientId | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.email is None and self.client_id is None:
            raise ValueError("names no client: send either email or client_id")
        if self.email is not None and self.client_id is not None:
            raise ValueError("names a client twice: send either email or client_id, not both")
        return self


class ClientOrNew(ClientReference):
    full_name: Annotated[Name | None, Field(description="For a new client.")] = None
    first_name: Annotated[Name | None, Field(description="Or with last_name.")] = None
    last_name: Annotated[Name | None, Field(description="With first_name.")] = None
    phone: Phone | None = None
    preferences: Annotated[Details | None, Field(description="For a new client.")] = None

    @property
    def name(self) -> str | None:
        return self.full_name or " ".join(part for part in (self.first_name, self.last_name) if part) or None


def new_client(  # noqa: PLR0913 - the fields of a client
    email: str,
    full_name: str,
    *,
    phone: str | None = None,
    address: str | None = None,
    notes: str | None = None,
    preferences: Mapping[str, Any] | None = None,
    loyalty_programs: Mapping[str, Any] | None = None,
    travel_docs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the columns of a new client."""
    contact = {"phone": phone, "address": address, "notes": notes}
    return {
        "email": email,
        "full_name": full_name,
        "contact_info": dump_json({key: value for key, value in contact.items() if value}),
        "preferences": dump_json(preferences or {}),
        "loyalty_programs": dump_json(loyalty_programs or {}),
        "travel_docs": dump_json(travel_docs or {}),
    }


async def namesakes_note(db: Database, email: str, full_name: str) -> str:
    """Return a note about other clients with the same name as a new one, or ""."""
    others = [row for row in await clients.with_name(db, full_name, NAMESAKES_SHOWN) if row["email"] != email]
    if not others:
        return ""
    told = ", ".join(f"{row['email']} (client_id {row['client_id']})" for row in others)
    return f" There is another {full_name}: {told}. If it is the same person, tell the user."


@dataclass
class Directory:
    """The clients that a call refers to: existing ones, and those it will create."""

    by_email: dict[str, Row]
    by_id: dict[int, Row]
    created: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    @classmethod
    async def load(cls, db: Database, references: Iterable[ClientReference]) -> Self:
        known = list(references)
        emails = [reference.email for reference in known if reference.email]
        ids = [reference.client_id for reference in known if reference.client_id]
        return cls(
            await clients.with_emails(db, emails) if emails else {},
            await clients.with_ids(db, ids) if ids else {},
        )

    @property
    def emails(self) -> list[str]:
        """The e-mails of the existing clients, as stored."""
        rows = [*self.by_email.values(), *self.by_id.values()]
        return sorted({row["email"] for row in rows})

    def find(self, who: ClientReference) -> str | None:
        """Return the client's e-mail as stored, or None if the client neither exists nor will be created."""
        if who.client_id is not None:
            row = self.by_id.get(who.client_id)
            return row["email"] if row else None
        email = clients.fold(who.email or "")
        if email in self.by_email:
            return self.by_email[email]["email"]
        return email if email in self.created else None

    def require(self, who: ClientReference) -> str:
        email = self.find(who)
        if email is None:
            raise NotFound(
                f"No client has {_words_for(who)}.",
                "Send the email or client_id of a client; get_anything finds clients.",
            )
        return email

    def find_or_create(self, who: ClientOrNew) -> tuple[str, bool]:
        """Return the client's e-mail, and True if the client is new. Raises NotFound or InvalidInput."""
        email = self.find(who)
        if email is not None:
            return email, False
        if who.client_id is not None:
            raise NotFound(
                f"No client has client_id {who.client_id}.",
                "Send the client's email, with full_name if the client is new.",
            )
        name = who.name
        if name is None:
            raise InvalidInput(
                f"No client has the email {who.email}, and no name was sent to create one.",
                "Send full_name too (or first_name and last_name) to create the client, or the email of a known one.",
            )
        email = clients.fold(who.email or "")
        self.created[email] = new_client(email, name, phone=who.phone, preferences=who.preferences)
        return email, True


def _words_for(who: ClientReference) -> str:
    return f"the email {who.email}" if who.email else f"client_id {who.client_id}"
