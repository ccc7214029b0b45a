"""Roles of people who are named on a trip but do not travel."""

from __future__ import annotations

from typing import LiteralString

# Folded as in `travels`. Any other role travels.
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
    """Return True if someone with this role travels, whatever its case, spaces and hyphens."""
    return (role or "").strip(" ").lower().replace("-", "_").replace(" ", "_") not in STAYS_AT_HOME


# The same rule for `@role` in SQL; a test keeps the two equal.
TRAVELS: LiteralString = """replace(replace(lower(trim(coalesce(@role, ''))), '-', '_'), ' ', '_') NOT IN (
    'agent', 'arranger', 'assistant', 'billing', 'billing_contact', 'booker', 'booking_contact', 'canceled',
    'cancelled', 'contact', 'declined', 'emergency', 'emergency_contact', 'guarantor', 'no_show', 'payer', 'removed',
    'sponsor', 'travel_agent', 'waitlist', 'waitlisted')"""


def travels_sql(role: LiteralString) -> LiteralString:
    """Return an SQL expression that is true if someone with the role in the column `role` travels."""
    return TRAVELS.replace("@role", role)
