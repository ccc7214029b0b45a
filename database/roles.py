"""Roles of people who are named on a trip but do not travel."""

from __future__ import annotations

from typing import LiteralString

# Roles of a trip's primary client.
PRIMARY = ("primary_traveler", "primary")

# Normalized as in `travels`. A person with any other role travels.
STAYS_AT_HOME = frozenset(
    {
        "agent",
        "arranger",
        "assistant",
        "billing",
        "billing_contact",
        "booker",
        "booking_contact",
        "canceled",
        "cancelled",
        "contact",
        "declined",
        "emergency",
        "emergency_contact",
        "guarantor",
        "no_show",
        "payer",
        "removed",
        "sponsor",
        "travel_agent",
        "waitlist",
        "waitlisted",
    }
)


def travels(role: str | None) -> bool:
    """Return True if a person with this role travels. Ignores case, and treats spaces and hyphens as underscores."""
    return (role or "").strip(" ").lower().replace("-", "_").replace(" ", "_") not in STAYS_AT_HOME


# The same rule for `@role` in SQL. A test checks that the two are equal.
TRAVELS: LiteralString = """replace(replace(lower(trim(coalesce(@role, ''))), '-', '_'), ' ', '_') NOT IN (
    'agent', 'arranger', 'assistant', 'billing', 'billing_contact', 'booker', 'booking_contact', 'canceled',
    'cancelled', 'contact', 'declined', 'emergency', 'emergency_contact', 'guarantor', 'no_show', 'payer', 'removed',
    'sponsor', 'travel_agent', 'waitlist', 'waitlisted')"""


def travels_sql(role: LiteralString) -> LiteralString:
    """Return an SQL expression that is true if a person with the role in the column `role` travels."""
    return TRAVELS.replace("@role", role)
