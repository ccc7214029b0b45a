"""Tools for clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from database import clients
from database.clock import now
from tools.errors import Conflict
from tools.fields import Details, Email, Line, Name, Phone, Text
from tools.people import new_client
from tools.tool import Answer, Arguments, Hints, Tool

if TYPE_CHECKING:
    from database.engine import Database


class CreateClientArguments(Arguments):
    email: Email
    full_name: Annotated[Name, Field(description="First and last name.")]
    phone: Phone | None = None
    address: Annotated[Line | None, Field(description="Postal address.")] = None
    preferences: Annotated[Details | None, Field(description="Preferences, by name: seat, meals, hotels.")] = None
    loyalty_programs: Annotated[Details | None, Field(description="Membership numbers, by programme.")] = None
    travel_docs: Annotated[Details | None, Field(description="Passport and visas, by name.")] = None
    notes: Annotated[Text | None, Field(description="What else to know.")] = None


class ClientCreated(Answer):
    client_id: int = Field(description="Id of the new client.")
    email: str = Field(description="The e-mail, trimmed and in lower case.")
    full_name: str = Field(description="The name.")


async def create_client(db: Database, args: CreateClientArguments) -> ClientCreated:
    row = new_client(**args.model_dump())
    (created,) = await db.batch([clients.insert([row], now())])
    if not created:
        known = await clients.with_emails(db, [args.email])
        known_as = next(
            (f"client_id {client['client_id']} ({client['full_name']})" for client in known.values()), "a client"
        )
        raise Conflict(
            f"{args.email} belongs to {known_as} already; nothing was written.",
            "Use that client, or send another email.",
        )
    client = created[0]
    return ClientCreated(
        message=f"Client {client['full_name']} created with id {client['client_id']}.",
        client_id=client["client_id"],
        email=client["email"],
        full_name=client["full_name"],
    )


TOOLS = [
    Tool(
        name="create_client_v2",
        title="Create a client",
        description="Create a client whose e-mail no other client has. Entries on trips that wait for it are linked.",
        group="clients",
        hints=Hints(),
        input=CreateClientArguments,
        output=ClientCreated,
        run=create_client,
    )
]
