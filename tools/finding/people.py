"""Resolve the client that a call refers to, and prepare new clients."""

from __future__ import annotations

from asyncio import gather
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from database import clients, profiles
from database.quoting import as_word, in_quotes
from database.search import folded, same_name, words_in
from tools.answers.bounds import named
from tools.answers.errors import Ambiguous, Conflict, InvalidInput, NotFound, Question
from tools.answers.fields import ClientId, Details, Email, Name, PersonName, Phone, as_text, require_valid_email
from tools.answers.sent import Sent
from tools.finding.namesakes import latest_trips, told_apart
from tools.trip.shapes import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Self

    from database.engine import Database, Row


# Number of clients of the same name listed in an answer.
NAMESAKES_SHOWN = 3


class ClientReference(Sent):
    """A reference to a client by e-mail, by id, or by a name that only one client has."""

    email: Email | None = None
    client_id: ClientId | None = None

    @property
    def concerns_guests(self) -> bool:
        """True if the trip's guests matter for what happens to the client."""
        return False

    @property
    def name(self) -> str | None:
        """The client's exact name, which is used only if there is no e-mail or id."""
        return None

    @model_validator(mode="after")
    def _one_of_these(self) -> Self:
        if self.email is None and self.client_id is None and self.name is None:
            raise ValueError("identifies no client: send email, client_id or the name")
        if self.email is not None and self.client_id is not None:
            raise ValueError("identifies a client twice: send either email or client_id, not both")
        return self


class NamedReference(ClientReference):
    full_name: Annotated[PersonName | None, Field(description="Or exact name.")] = None

    @property
    def concerns_guests(self) -> bool:
        return True

    @property
    def name(self) -> str | None:
        return self.full_name


class ClientOrNew(ClientReference):
    full_name: Annotated[PersonName | None, Field(description="Alone: a client of this name, else a new one.")] = None
    first_name: Annotated[Name | None, Field(description="Or with last_name.")] = None
    last_name: Annotated[Name | None, Field(description="With first_name.")] = None
    new_client: Annotated[bool, Field(description="New, even if the name exists.")] = False
    phone: Phone | None = None
    preferences: Annotated[Details | None, Field(description="For a new client.")] = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if not self.full_name:
            return self
        parts = words_in(folded(" ".join(part for part in (self.first_name, self.last_name) if part)))
        if not set(parts) <= set(words_in(folded(self.full_name))):
            raise ValueError("has full_name and another first_name or last_name: send either full_name or these two")
        return self

    @property
    def name(self) -> str | None:
        if self.full_name or not (self.first_name or self.last_name):
            return self.full_name
        return " ".join(part for part in (self.first_name, self.last_name) if part)


# A client by id, e-mail or exact name.
ClientIdentifier = Annotated[str, Field(min_length=1, max_length=254), BeforeValidator(as_text)]


async def resolve_client(db: Database, identifier: str, argument: str) -> int:
    """Return the id of one client. Raises NotFound, or Ambiguous if several have the name."""
    wanted = identifier.strip()
    if wanted.isascii() and wanted.isdecimal() and int(wanted) < 2**63:
        who = ClientReference.model_construct(client_id=int(wanted), email=None)
    elif "@" in wanted:
        who = ClientReference.model_construct(client_id=None, email=wanted)
    else:
        who = NamedReference.model_construct(client_id=None, email=None, full_name=wanted)
    directory = await Directory.load(db, [who])
    email = directory.find(who, argument)
    if email is None:
        raise NotFound(f"{argument}: no client has {_words_for(who)}.", "Send a client's id, e-mail or exact name.")
    return next(row["client_id"] for row in directory.rows if row["email"] == email)


async def read_client(db: Database, client_id: int) -> Row:
    """Return the client as `profiles.whole` does. Raises NotFound if they were just deleted."""
    client = await profiles.whole(db, client_id)
    if client is None:
        raise NotFound(f"Client {client_id} has been deleted.", "Use a different client.")
    return client


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
    return (await namesakes_notes(db, [(email, full_name)]))[0]


async def namesakes_notes(db: Database, new: Sequence[tuple[str, str]]) -> list[str]:
    """Return such a note for each new client, given by e-mail and name."""
    known = await clients.with_names(db, [name for _, name in new])
    return [_namesakes_note([row for row in known.get(name, []) if row["email"] != email], name) for email, name in new]


def _namesakes_note(others: Sequence[Row], full_name: str) -> str:
    if not others:
        return ""
    told = [
        f"{as_word(row['email']) if clients.has_email(row['email']) else 'no e-mail'} (client_id {row['client_id']})"
        for row in others[:NAMESAKES_SHOWN]
    ]
    holders = named(told, len(others))
    return f" There is another {in_quotes(full_name)}: {holders}. If it is the same person, tell the user."


@dataclass
class Directory:
    """The clients that a call refers to: existing ones, and those it will create."""

    by_email: dict[str, Row]
    by_id: dict[int, Row]
    by_name: dict[str, list[Row]]
    created: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    # The latest trips of clients of one name, by e-mail.
    latest: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    async def load(cls, db: Database, references: Iterable[ClientReference]) -> Self:
        known = list(references)
        emails = [reference.email for reference in known if reference.email]
        ids = [reference.client_id for reference in known if reference.client_id]
        names = [one.name for one in known if one.name and one.email is None and one.client_id is None]
        by_email, by_id, by_name = await gather(
            clients.with_emails(db, emails), clients.with_ids(db, ids), clients.with_names(db, names)
        )
        namesakes = [row for rows in by_name.values() if len(rows) > 1 for row in rows]
        return cls(by_email, by_id, by_name, latest=await latest_trips(db, namesakes))

    @property
    def rows(self) -> list[Row]:
        """The existing clients."""
        return [*self.by_email.values(), *self.by_id.values(), *chain.from_iterable(self.by_name.values())]

    @property
    def emails(self) -> list[str]:
        """The e-mails of the existing clients, as stored."""
        return sorted({row["email"] for row in self.rows})

    def name_of(self, email: str) -> str:
        """Return the client's e-mail for use in messages, or the client's name if there is no e-mail."""
        contact = self.contact_of(email)
        return as_word(email) if contact == email else in_quotes(contact)

    def contact_of(self, email: str) -> str:
        """Return the client's e-mail, or the client's name if there is no e-mail, as stored."""
        return email if clients.has_email(email) else self.full_name_of(email)

    def full_name_of(self, email: str) -> str:
        """Return the client's name, as stored."""
        names = (str(row["full_name"]) for row in (*self.rows, *self.created.values()) if row["email"] == email)
        return next(names, email)

    def find(self, who: ClientReference, argument: str | None = None) -> str | None:
        """Return the client's e-mail as stored, or None if the client neither exists nor will be created.

        Raises Ambiguous if several clients have the name. Its question is about `argument`, which takes a client's id.
        """
        if who.client_id is not None:
            row = self.by_id.get(who.client_id)
            return row["email"] if row else None
        if who.email is None:
            return self._named(who.name or "", argument)
        email = clients.fold(who.email)
        if email in self.by_email:
            return self.by_email[email]["email"]
        return email if email in self.created else None

    def _named(self, name: str, argument: str | None) -> str | None:
        found = self.by_name.get(name, [])
        new = [email for email, row in self.created.items() if same_name(row["full_name"], name)]
        if len(found) + len(new) > 1:
            choices = {str(row["client_id"]): told_apart(row, self.latest.get(row["email"], [])) for row in found}
            who = "; ".join(choices.values()) or "all of them new in this call"
            raise Ambiguous(
                f"{len(found) + len(new)} clients are called {in_quotes(name)}: {who}.",
                "Ask the user which one, then send the client_id.",
                Question("Which client do you mean?", argument, choices) if argument else None,
            )
        return next((row["email"] for row in found), next(iter(new), None))

    def require(self, who: ClientReference) -> str:
        email = self.find(who)
        if email is None:
            raise NotFound(
                f"No client has {_words_for(who)}.",
                "Send the email or client_id of a client; get_anything finds clients.",
            )
        return email

    def is_called(self, email: str, name: str) -> bool:
        """Return True if the existing client with this stored e-mail has this name, ignoring case and accents."""
        return any(row["email"] == email and same_name(str(row["full_name"]), name) for row in self.rows)

    def require_name(self, email: str, name: str) -> None:
        """Raise Conflict if a name sent with the client's e-mail or id is another one: a word is not or begins none.

        A family may share an e-mail, so the name may belong to a person who would be lost.
        """
        known = self.full_name_of(email)
        few, many = sorted((words_in(folded(known)), words_in(folded(name))), key=len)
        if not all(any(one.startswith(other) or other.startswith(one) for other in many) for one in few):
            raise Conflict(
                f"{self.name_of(email)} belongs to {in_quotes(known)}, not to {in_quotes(name)}.",
                f"Send {in_quotes(name)} without that email or client_id to add them; "
                "or leave out the name, or change it with update_client, if it is the same person.",
            )

    def find_or_create(self, who: ClientOrNew, known_email: str | None = None) -> tuple[str, bool]:
        """Return the client's e-mail, and True if the client is new. Raises NotFound or InvalidInput."""
        email = None if who.new_client else self.find(who)
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
                f"No client has the email {as_word(who.email)}, and no name was sent to create one.",
                "Send full_name too (or first_name and last_name) to create the client, or an existing client's email.",
            )
        email = self._new_address(who.email) if who.email else _valid_or_none(known_email)
        self.created[email] = new_client(email, name, phone=who.phone, preferences=who.preferences)
        return email, True

    def _new_address(self, email: str) -> str:
        if email in self.by_email:
            known = self.by_email[email]
            holder = f"client_id {known['client_id']} ({in_quotes(known['full_name'])})"
            raise Conflict(
                f"{as_word(email)} already belongs to {holder}.",
                "Use that client, or send another email.",
            )
        try:
            return require_valid_email(email)
        except ValueError as error:
            problem, _, remedy = str(error).partition(": send ")
            raise InvalidInput(f"email {problem}.", f"Send {remedy}.") from error


def _valid_or_none(email: str | None) -> str:
    """Return the e-mail of a person in the JSON if mail could be sent to it, else an address that stands for none."""
    try:
        return require_valid_email(clients.fold(email)) if email else clients.address_for_none()
    except ValueError:
        return clients.address_for_none()


def _words_for(who: ClientReference) -> str:
    if who.email:
        return f"the email {as_word(who.email)}"
    return f"client_id {who.client_id}" if who.client_id is not None else f"the name {in_quotes(who.name)}"
