"""Payments and payment plans: the operations, list_payments, and money wherever trips are shown."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from desk import ANA, BANFF, BEN, EMPTY, KYOTO, Desk, new_desk, op, open_desk, seeded

if TYPE_CHECKING:
    from pathlib import Path

MONEY = ("total_cost", "paid", "balance", "currency")


def money_of(answer: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(answer[name] for name in MONEY)


async def pay(desk: Desk, trip: int, amount: object, **more: Any) -> dict[str, Any]:
    (result,) = await desk.do(trip, op("record_payment", amount=amount, **more))
    return result


def stored(desk: Desk, trip: int) -> tuple[float, Any]:
    """paid_amount and financials, as code reads them that knows no payments."""
    return desk.column("paid_amount", trip), desk.json("financials", trip)


async def test_a_payment_is_stored_to_the_cent_and_old_readers_see_the_sum(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        first = await pay(desk, KYOTO, "1234.50", kind="deposit", date="2026-05-01", method="card", reference="R 7")
        assert money_of(first) == (6400, 1234.5, 5165.5, "USD")
        results = await desk.do(KYOTO, *[op("record_payment", amount=0.1)] * 3, op("record_payment", amount=10.005))
        assert [one["paid"] for one in results] == [1234.6, 1234.7, 1234.8, 1244.805]
        assert [one["payment_id"] for one in (first, *results)] == [1, 2, 3, 4, 5]
        assert stored(desk, KYOTO) == (1244.805, {"paid_amount": 1244.805})
        trip = await desk.whole(KYOTO)
        assert money_of(trip) == (6400, 1244.805, 5155.195, "USD")
        deposit = next(one for one in trip["payments"] if one["payment_id"] == 1)
        assert deposit == {
            "payment_id": 1,
            "amount": 1234.5,
            "currency": "USD",
            "kind": "deposit",
            "date": "2026-05-01",
            "method": "card",
            "reference": "R 7",
        }
        assert desk.sql("SELECT amount FROM trip_payments ORDER BY payment_id")[::4] == [("1234.50",), ("10.005",)]
        assert len((trip["payments"][-1])["date"]) == 10


NOT_MEANT: list[tuple[Any, str]] = [
    (0, "greater than or equal to 0.001"),
    (-5, "greater than or equal to 0.001"),
    (1.2345, "more than three decimals"),
    ("1.234", "could be 1234 or a fraction"),
    (True, "is a boolean"),
    (1e13, "less than or equal to"),
    ("12,50", "valid number"),
]


async def test_an_amount_that_can_not_be_meant_is_refused(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        for amount, problem in NOT_MEANT:
            assert problem in await desk.fails(KYOTO, op("record_payment", amount=amount))
        plan = op("set_payment_plan", due=[{"date": "2026-05-01", "amount": amount} for amount, _ in NOT_MEANT[:2]])
        assert NOT_MEANT[0][1] in await desk.fails(KYOTO, plan)


async def test_a_payer_is_named_if_they_are_on_the_trip(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        by_name = await pay(desk, KYOTO, 1, payer="ana lima")
        assert 'from "Ana Lima" <ana@example.net>, traveler on the trip' in by_name["message"]
        await pay(desk, KYOTO, 1, payer="ANA@example.net ")
        stranger = await pay(desk, KYOTO, 1, payer=BEN)
        assert f'from "{BEN}", who is no client on the trip' in stranger["message"]
        assert desk.sql("SELECT payer FROM trip_payments") == [("Ana Lima",), (ANA,), (BEN,)]
        await desk.call("update_client", email=ANA, new_email="lima@example.net")
        assert [one["payer"] for one in (await desk.whole(KYOTO))["payments"]] == [
            "Ana Lima",
            "lima@example.net",
            BEN,
        ]


async def test_another_currency_too_much_money_and_too_large_refunds_are_told_and_kept(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        euros = await pay(desk, BANFF, 500, currency="EUR")
        assert "doesn't count toward the balance in USD" in euros["message"]
        assert money_of(euros) == (1900, 0, 1900, "USD")
        assert "more than" not in euros["message"]
        refund = await pay(desk, BANFF, 600, currency="EUR", kind="refund")
        assert "That is 100.00 EUR more than was paid" in refund["message"]
        more = await pay(desk, BANFF, 2000)
        assert "That is 100.00 more than the total cost" in more["message"]
        assert money_of(await pay(desk, BANFF, 2100, kind="refund")) == (1900, -100, 2000, "USD")
        assert "largest sum" in await desk.fails(BANFF, op("record_payment", amount=10**12, kind="refund"))
        (cost,) = await desk.do(BANFF, op("update_cost", cost=1000, currency="EUR"))
        assert "Not counted as paid: 2 in USD." in cost["message"]
        assert money_of(cost) == (1000, -100, 1100, "EUR")
        assert stored(desk, BANFF)[0] == -100


async def test_a_payment_made_in_error_is_removed_and_kept_aside(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await desk.do(KYOTO, op("record_payment", amount=5, payer=ANA), op("record_payment", amount=7))
        (removed,) = await desk.do(KYOTO, op("remove_payment", payment_id=1))
        assert removed["message"].startswith("Removed payment 1: payment of 5.00 USD, ")
        assert money_of(removed) == (6400, 7, 6393, "USD")
        assert stored(desk, KYOTO)[0] == 7
        ((kept,),) = desk.sql("SELECT row_data FROM orphaned_rows WHERE table_name = 'trip_payments'")
        assert (json.loads(kept)["amount"], json.loads(kept)["payer"]) == ("5.00", ANA)
        error = await desk.fails(BANFF, op("remove_payment", payment_id=2))
        assert error == "not_found: The trip has no payment 2.\nThe trip has no payments."
        assert (await desk.fails(KYOTO, op("remove_payment", payment_id=1))).endswith("one of its payments: 2.")


async def test_a_plan_is_replaced_as_a_whole_and_shows_what_is_open_of_each_entry(tmp_path: Path) -> None:
    plan = [{"date": "2026-09-01", "amount": 5000}, {"date": "2026-05-01", "amount": "1400.00", "label": "Deposit"}]
    async with new_desk(tmp_path) as desk:
        first, _, again = await desk.do(
            KYOTO,
            op("set_payment_plan", due=plan[1:]),
            op("record_payment", amount=2000),
            op("set_payment_plan", due=plan),
        )
        assert "It adds up to 1400.00, but the total cost is 6400.00." in first["message"]
        assert 'It was USD 1400.00 by 2026-05-01 ("Deposit"); a copy is kept.' in again["message"]
        assert "adds up" not in again["message"]
        assert (await desk.whole(KYOTO))["payment_plan"] == [
            {"date": "2026-05-01", "amount": 1400, "open": 0, "label": "Deposit"},
            {"date": "2026-09-01", "amount": 5000, "open": 4400},
        ]
        (cost,) = await desk.do(KYOTO, op("update_cost", cost=6400, currency="EUR"))
        assert "The payment plan's 2 amounts are now in EUR" in cost["message"]
        (cleared,) = await desk.do(KYOTO, op("set_payment_plan", due=[]))
        assert cleared["message"].startswith("The trip has no payment plan. It was EUR 1400.00 by")
        assert (await desk.whole(KYOTO))["payment_plan"] == []
        aside = desk.sql("SELECT row_data FROM orphaned_rows WHERE table_name = 'trip_payment_plan'")
        assert [len(json.loads(text)["plan"]) for (text,) in aside] == [2]


async def due_of(desk: Desk, **arguments: Any) -> dict[int, list[tuple[Any, ...]]]:
    answer = await desk.call("list_payments", **arguments)
    assert answer["total"] == len(answer["trips"])
    return {one["trip_id"]: [(due["date"], due["open"]) for due in one["due"]] for one in answer["trips"]}


async def three_trips(desk: Desk) -> None:
    """Kyoto in USD with a plan, Banff in EUR without one, and nothing on the third."""
    await desk.do(
        KYOTO,
        op("set_payment_plan", due=[{"date": "2026-03-01", "amount": 1000}, {"date": "2026-08-01", "amount": 5000}]),
        op("record_payment", amount=600, payer=ANA),
        op("record_payment", amount=70, currency="EUR"),
        op("assign_client", full_name="Pat Payer", role="payer"),
    )
    await desk.do(
        BANFF, op("update_cost", cost=1900, currency="EUR"), op("record_payment", amount=400, payer="Ana Lima")
    )


async def test_what_is_due_is_listed_by_trip_with_sums_that_never_mix_currencies(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        assert await due_of(desk) == {BANFF: [("2026-05-08", 1900)], KYOTO: [("2026-10-03", 6400)]}
        await three_trips(desk)
        answer = await desk.call("list_payments")
        assert [one["trip_id"] for one in answer["trips"]] == [BANFF, KYOTO]
        kyoto = answer["trips"][1]
        assert money_of(kyoto) == (6400, 600, 5800, "USD")
        assert kyoto["owed_by"] == "Pat Payer"
        assert kyoto["due"] == [
            {"date": "2026-03-01", "amount": 1000, "open": 400},
            {"date": "2026-08-01", "amount": 5000, "open": 5000},
            {"date": "2026-10-03", "amount": 400, "open": 400, "label": "not in the plan"},
        ]
        assert [(one["amount"], one["currency"]) for one in kyoto["payments"]] == [(600, "USD"), (70, "EUR")]
        sums = {one.pop("currency"): one for one in answer["sums"]}
        assert sums == {
            "EUR": {"trips": 1, "total_cost": 1900, "paid": 400, "balance": 1500, "open": 1500, "not_counted": 70},
            "USD": {"trips": 1, "total_cost": 6400, "paid": 600, "balance": 5800, "open": 5800, "not_counted": 0},
        }
        assert 'from "Pat Payer" 400.00 USD by 2026-03-01, 5000.00 USD by 2026-08-01' in answer["message"]


async def test_payments_are_filtered_by_trip_client_and_due_date(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await three_trips(desk)
        assert await due_of(desk, due_before="2026-03-01") == {KYOTO: [("2026-03-01", 400)]}
        assert await due_of(desk, due_before="2026-02-28") == {}
        assert list(await due_of(desk, due_before="2026-05-08")) == [BANFF, KYOTO]
        (sums,) = (await desk.call("list_payments", due_before="2026-09-30", trip_identifier=KYOTO))["sums"][:1]
        assert (sums["currency"], sums["open"]) == ("USD", 5400)
        assert list(await due_of(desk, client="Ana Lima")) == [BANFF, KYOTO]
        assert list(await due_of(desk, client=BEN)) == [BANFF]
        assert list(await due_of(desk, trip_identifier=EMPTY)) == [EMPTY]
        await pay(desk, BANFF, 1500)
        assert list(await due_of(desk, unpaid_only=True)) == [KYOTO]
        await desk.do(KYOTO, op("update_status", status="cancelled"))
        assert await due_of(desk, unpaid_only=True) == {}
        assert await due_of(desk, trip_identifier=KYOTO) == {KYOTO: []}
        assert "not_found" in await desk.refused("list_payments", client="nobody@example.net")
        first = await desk.call("list_payments", limit=1)
        second = await desk.call("list_payments", limit=1, cursor=first["next_cursor"])
        assert [one["trips"][0]["trip_id"] for one in (first, second)] == [BANFF, KYOTO]
        assert (first["total"], second["next_cursor"]) == (2, None)


async def test_trips_are_listed_with_money_filtered_by_it_and_summed_per_currency(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await three_trips(desk)
        await pay(desk, BANFF, 1500)
        await desk.do(EMPTY, op("update_status", status="confirmed"))

        async def ids(**arguments: Any) -> list[int]:
            answer = await desk.call("list_trips", **arguments)
            assert answer["total"] == len(answer["trips"]) == sum(one["trips"] for one in answer["sums"])
            return [one["trip_id"] for one in answer["trips"]]

        assert await ids(unpaid_only=True) == [KYOTO]
        assert await ids(currency="eur") == [BANFF]
        assert await ids(status=["confirmed", "cancelled"]) == [EMPTY]
        assert await ids(exclude_status="confirmed") == [BANFF, KYOTO]
        assert await ids(ends_before="2026-07-09") == [BANFF, EMPTY]
        assert await ids(client="Ben Ode") == await ids(client="2") == await ids(client=BEN) == [BANFF]
        answer = await desk.call("list_trips")
        assert [money_of(one) for one in answer["trips"]] == [
            (1900, 1900, 0, "EUR"),
            (0, 0, 0, "USD"),
            (6400, 600, 5800, "USD"),
        ]
        sums = {
            one["currency"]: (one["trips"], one["total_cost"], one["paid"], one["balance"]) for one in answer["sums"]
        }
        assert sums == {"USD": (2, 6400, 600, 5800), "EUR": (1, 1900, 1900, 0)}
        assert "6400.00 USD, paid 600.00, balance 5800.00; 1900.00 EUR" in answer["message"]
        found = (await desk.call("get_anything", query="Ode"))["trips"]
        assert money_of(found[0]) == (1900, 1900, 0, "EUR")


async def test_the_markdown_of_a_trip_shows_its_money(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await three_trips(desk)
        contents = (await desk.client.read_resource("trip://lima-in-kyoto")).contents
        page = str(getattr(contents[0], "text", ""))
        assert "## Money\nTotal 6400.00, paid 600.00, balance 5800.00 USD\n\n### Payment plan\n" in page
        assert "- date: 2026-03-01, amount: 1000.0, open: 400.0\n" in page
        assert "### Payments\n- payment\\_id: 1, amount: 600.0" in page.replace("payment_id", "payment\\_id")


async def test_payments_of_a_deleted_trip_are_kept_and_count_again_when_it_is_restored(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await three_trips(desk)
        whole = await desk.whole(KYOTO)
        deleted = await desk.call("delete_trip", trip_identifier=KYOTO, confirm_trip_name="Lima in Kyoto")
        assert (deleted["payments_kept"], "2 payments are kept." in deleted["message"]) == (2, True)
        await desk.call("restore_deleted", orphan_id=deleted["orphan_id"])
        cleaned = await desk.call("cleanup_duplicate_trips", name_patterns=["* Kyoto"], dry_run=False)
        assert (cleaned["payments_kept"], cleaned["trips"][0]["payments"]) == (2, 2)
        assert "2 payments of theirs are kept." in cleaned["message"]
        await desk.call("restore_deleted", trip_name="Lima in Kyoto")
        again = await desk.whole(KYOTO)
        assert [again[name] for name in (*MONEY, "payments", "payment_plan")] == [
            whole[name] for name in (*MONEY, "payments", "payment_plan")
        ]


async def test_an_erased_client_is_no_payer_any_more_and_a_merged_one_is(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        await pay(desk, KYOTO, 10, payer=ANA, reference="Transfer by Ana Lima")
        await pay(desk, KYOTO, 20, payer=BEN)
        await desk.do(KYOTO, op("record_payment", amount=30, payer="Ana Lima"), op("remove_payment", payment_id=1))
        merged = await desk.call("merge_clients", keep=ANA, remove=BEN, dry_run=False)
        assert desk.sql("SELECT payer FROM trip_payments") == [(ANA,), ("Ana Lima",)]
        await desk.call("restore_deleted", orphan_id=merged["orphan_id"])
        assert desk.sql("SELECT payer FROM trip_payments") == [(BEN,), ("Ana Lima",)]
        erased = await desk.call("erase_client", client=ANA, confirm_name="Ana Lima", dry_run=False)
        assert erased["message"]
        assert not any("Lima" in line or ANA in line for line in desk.everything() if "trip_payments" in line)
        assert [money_of(one) for one in (await desk.call("list_payments"))["trips"] if one["trip_id"] == KYOTO] == [
            (6400, 50, 6350, "USD")
        ]


async def test_concurrent_payments_are_all_kept_and_each_answer_is_true(tmp_path: Path) -> None:
    path = seeded(tmp_path / "voygen.db")
    async with open_desk(path) as one, open_desk(path) as other:
        paid = [(await task)["paid"] for task in [asyncio.ensure_future(pay(one, KYOTO, 1)) for _ in range(4)]]
        both = await asyncio.gather(*(pay(desk, KYOTO, 0.1) for desk in (one, other) for _ in range(4)))
        assert sorted(paid) == [1, 2, 3, 4]
        assert sorted(one["paid"] for one in both) == [4.1, 4.2, 4.3, 4.4, 4.5, 4.6, 4.7, 4.8]
        assert len({one["payment_id"] for one in both}) == 8


async def test_without_the_triggers_payments_are_still_kept_and_repair_mends_what_old_code_wrote(
    tmp_path: Path,
) -> None:
    async with new_desk(tmp_path) as desk:
        desk.sql("UPDATE trips_v2 SET financials = '{\"paid_amount\":1}' WHERE trip_id = ?", BANFF)
        desk.drop_triggers("trg_%money%")
        desk.drop_triggers("trg_trip_payments%")
        desk.sql("UPDATE trips_v2 SET paid_amount = 100 WHERE trip_id IN (?, ?)", KYOTO, BANFF)
        assert money_of(await pay(desk, KYOTO, 50)) == (6400, 150, 6250, "USD")
        assert stored(desk, KYOTO) == (150, {"paid_amount": 150})
        report = await desk.call("check_consistency")
        (found,) = [one for one in report["findings"]["faults"] if one["kind"] == "paid_amount"]
        assert (found["trip_id"], found["paid_amount"], found["payments"]) == (BANFF, 100, 1)
        await desk.call("repair_consistency", dry_run=False)
        assert (await desk.call("check_consistency"))["findings"].get("faults", []) == []
        assert desk.sql("SELECT trip_id, amount, kind FROM trip_payments ORDER BY payment_id") == [
            (BANFF, "1.000", "unknown"),
            (KYOTO, "100.000", "unknown"),
            (KYOTO, "50.00", "payment"),
            (BANFF, "99.000", "unknown"),
        ]
        assert stored(desk, BANFF) == (100, {"paid_amount": 100})


async def test_a_payment_tells_what_is_open_by_when(tmp_path: Path) -> None:
    async with new_desk(tmp_path) as desk:
        due = [{"date": "2026-06-01", "amount": 1000}, {"date": "2026-09-01", "amount": 5400}]
        answer = await desk.bulk(KYOTO, op("set_payment_plan", due=due), op("record_payment", amount=400))
        assert answer["results"][1]["message"].endswith(
            "balance 6000.00, open: 600.00 by 2026-06-01, 5400.00 by 2026-09-01."
        )
        assert (answer["after"][0]["paid"], answer["after"][0]["balance"]) == (400, 6000)
        listed = await desk.call("list_payments", due_before="2026-06-30")
        assert "Open in all: 2500.00 USD." in listed["message"]
