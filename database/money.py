"""SQL expressions for money: amounts are integers, in thousandths of the currency's unit, and are never floats."""

from __future__ import annotations

from typing import LiteralString

# The currency of a trip whose financials name none.
DEFAULT_CURRENCY = "USD"

# The thousandths of a number, or of a text that is one; NULL for anything else and for what is too large.
_THOUSANDTHS: LiteralString = """iif(iif(typeof(@x) IN ('integer', 'real'), @x BETWEEN -1000000000000 AND 1000000000000,
        iif(typeof(@x) = 'text', length(@x) <= 20 AND @x GLOB '*[0-9]*' AND @x NOT GLOB '*[^-0-9.]*'
            AND substr(@x, 2) NOT GLOB '*-*' AND @x NOT GLOB '*.*.*'
            AND CAST(@x AS REAL) BETWEEN -1000000000000 AND 1000000000000, 0)),
        CAST(replace(printf('%.3f', CAST(@x AS REAL)), '.', '') AS INTEGER), NULL)"""

_IS_OBJECT: LiteralString = """iif(typeof(@f) = 'text', iif(json_valid(@f), json_type(@f) = 'object', 0), 0)"""

_CURRENCY: LiteralString = """iif(@is_object, coalesce(nullif(upper(trim(
        iif(json_type(@f, '$.currency') = 'text', @f ->> '$.currency', ''))), ''), 'USD'), 'USD')"""


def thousandths(column: LiteralString) -> LiteralString:
    """Build the expression for a column's amount."""
    return _THOUSANDTHS.replace("@x", column)


def currency(financials: LiteralString) -> LiteralString:
    """Build the expression for a trip's currency."""
    return _CURRENCY.replace("@is_object", _IS_OBJECT).replace("@f", financials)


# The body of the view trip_money in migration 023. A test checks that the two are equal.
#   currency   the trip's currency
#   total      the cost
#   shown      trips_v2.paid_amount; NULL if it is no number
#   noted      financials.paid_amount; NULL if there is none, or no number
#   paid       the sum of the payments in the trip's currency
MONEY: LiteralString = (
    """
SELECT m.trip_id, m.currency, m.is_object, m.paid_amount, m.noted_as,
       """
    + thousandths("m.total_cost")
    + """ AS total,
       """
    + thousandths("m.paid_amount")
    + """ AS shown,
       """
    + thousandths("m.noted_as")
    + """ AS noted,
       (SELECT coalesce(sum(p.thousandths), 0) FROM trip_payments p
        WHERE p.trip_id = m.trip_id AND (p.currency IS NULL OR p.currency = m.currency)) AS paid
FROM (
    SELECT o.trip_id, o.total_cost, o.paid_amount, o.is_object,
           """
    + _CURRENCY.replace("@is_object", "o.is_object").replace("@f", "o.financials")
    + """ AS currency,
           iif(o.is_object, iif(json_type(o.financials, '$.paid_amount') IN ('true', 'false', 'object', 'array'),
                                o.financials -> '$.paid_amount', o.financials ->> '$.paid_amount'), NULL) AS noted_as
    FROM (
        SELECT t.trip_id, t.total_cost, t.paid_amount, t.financials,
               """
    + _IS_OBJECT.replace("@f", "t.financials")
    + """ AS is_object
        FROM trips_v2 t
    ) o
) m
"""
)

# Prefix for a query that reads trip_money. The CTE takes precedence over the view of that name.
WITH_MONEY: LiteralString = "WITH trip_money AS (" + MONEY + ")\n"

# Trips that differ from their payments, as findings of the check.
DIFFERING: LiteralString = (
    "SELECT 'paid_amount' AS kind, m.trip_id, m.shown / 1000.0 AS paid_amount, m.paid / 1000.0 AS payments\nFROM ("
    + MONEY
    + ") m WHERE coalesce(m.shown, 0) <> m.paid OR m.noted <> m.paid"
)

# Columns of a list of trips `t`: currency, and paid and balance as decimals.
COLUMNS: LiteralString = (
    currency("t.financials")
    + " AS currency,\n       coalesce("
    + thousandths("t.paid_amount")
    + ", 0) / 1000.0 AS paid,\n       (coalesce("
    + thousandths("t.total_cost")
    + ", 0) - coalesce("
    + thousandths("t.paid_amount")
    + ", 0)) / 1000.0 AS balance"
)
