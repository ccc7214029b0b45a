"""Resolves a reference to a client, and checks a client to be created."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from database import clients
from tools.answers.errors import InvalidInput, NotFound
from tools.answers.fields import ClientId, Details, Email, Name, Phone
from tools.trip.shapes import dumped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from database.engine import Database, Row


# Namesakes that an answer names.
SAID = 3


class ClientReference(BaseModel):
    """One of the two says which client."""

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
    full_name: Annotated[Name | None, Field(description="Needed for a new client.")] = None
    first_name: Annotated[Name | None, Field(description="Or this with last_name.")] = None
    last_name: Annotated[Name | None, Field(description="Goes with first_name.")] = None
    phone: Phone | None = None
    preferences: Annotated[Details | None, Field(description="Of a new client, by name.")] = None

    @property
    def name(self) -> str | None:
        return self.full_name or " ".join(part for part in (self.first_name, self.last_name) if part) or None


def new_client(  # noqa: PLR0913 - what is known of a client
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
    """The columns of a client to be inserted."""
    contact = {"phone": phone, "address": address, "notes": notes}
    return {
        "email": email,
        "full_name": full_name,
        "contact_info": dumped({key: value for key, value in contact.items() if value}),
        "preferences": dumped(preferences or {}),
        "loyalty_programs": dumped(loyalty_programs or {}),
        "travel_docs": dumped(travel_docs or {}),
    }


async def namesakes(db: Database, email: str, full_name: str) -> str:
    """A note about other clients with the name of one just created."""
    others = [row for row in await clients.with_name(db, full_name, SAID) if row["email"] != email]
    if not others:
        return ""
    told = ", ".join(f"{row['email']} (client_id {row['client_id']})" for row in others)
    return f" There is another {full_name}: {told}. If it is the same person, tell the user."


@dataclass
class Directory:
    """The clients that a call speaks of: those that exist, and those it is about to create."""

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
        """The e-mails of the clients that exist, as stored."""
        rows = [*self.by_email.values(), *self.by_id.values()]
        return sorted({row["email"] for row in rows})

    def find(self, who: ClientReference) -> str | None:
        """The client's e-mail as stored, or None where no such client exists or is being created."""
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
        """The client's e-mail, and whether the client is new. Raises where a new one can't be made of what was sent."""
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
