"""The pictures in a browser: in a host of MCP Apps, and on the desk page."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from itertools import product
from typing import TYPE_CHECKING, Any

import pictured
import pytest
import raw
from browsing import browsing, skip_without_browser
from oracle import assert_clean
from pictured import EMPTY, HOLLISTER, LONG, MALFORMED, MONTH, NAMED_BADLY
from team import serving

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from browsing import Browser

skip_without_browser()

WIDTHS = (320, 600, 736, 1200)
THEMES = ("light", "dark")

# The height of a picture in a conversation, and the least size of a target for fingers, in pixels.
HIGHEST = 500
FINGER = 44

TRIPS = (HOLLISTER, LONG, EMPTY, MALFORMED, NAMED_BADLY)


class Scene:
    """A browser before two servers: of an agency, and of the same agency whose stores have drifted apart."""

    def __init__(self, browser: Browser, desk: str, drifting: str, ids: dict[str, int], path: Path) -> None:
        self.browser, self.desk, self.ids, self.path = browser, desk, ids, path
        self._followed: dict[str, Any] = {}
        self._agency, self._drifting = browser.server, drifting

    def show(self, name: str, **options: Any) -> dict[str, Any]:
        """Draw a picture by name: that of a trip, a month, an empty month or the migration."""
        tool, arguments = self.call(name)
        self.browser.server = self._drifting if name == "migration" else self._agency
        return self.browser.show(tool, arguments=arguments, **options)

    def call(self, name: str) -> tuple[str, dict[str, Any]]:
        if name in self.ids:
            return "show_trip", {"trip_identifier": str(self.ids[name])}
        if name.endswith("migration"):
            return "show_migration", {"check": True}
        return "show_month", {"month": MONTH if name == "month" else "2001-02"}

    def entered(self) -> dict[str, Any]:
        """Follow the link to the desk page once, and return what was seen then."""
        self._followed = self._followed or self.browser.do("follow", url=self.desk)
        return self._followed

    def connection(self) -> closing[sqlite3.Connection]:
        return closing(raw.connect(self.path))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    path = tmp_path_factory.mktemp("pictures") / "agency.db"
    ids = asyncio.run(pictured.filled_file(path))
    drifting = asyncio.run(pictured.drifting_file(path.with_name("drifting.db")))
    with (
        serving(path, "--toolsets", "all") as team,
        serving(drifting, "--toolsets", "all") as other,
        browsing(team.url) as browser,
    ):
        link = next(found[1] for line in other.said if (found := re.search(r"desk page.*(http\S+)", line)))
        yield Scene(browser, link, other.url, ids, path)


def assert_sound(look: dict[str, Any]) -> None:
    """Check that nothing overflows, complains or leaves, and that axe finds nothing."""
    wrong = ("overflow", "outside", "complaints", "strays", "elements", "violations")
    assert {name: look[name] for name in wrong if look.get(name)} == {}
    assert "could not be drawn" not in look["text"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", look["text"])


@pytest.mark.parametrize("view", ["inline", "fullscreen"])
@pytest.mark.parametrize("name", [HOLLISTER, "month", "migration"])
def test_a_picture_fits_at_every_width_in_both_themes(scene: Scene, name: str, view: str) -> None:
    scene.show(name, context={"displayMode": view})
    for theme, width in product(THEMES, WIDTHS):
        look = scene.browser.do("look", width=width, theme=theme)
        assert_sound(look)
        assert look["view"] == ("short" if view == "inline" else "full")
        assert view != "inline" or width not in {600, 736} or look["height"] <= HIGHEST


@pytest.mark.parametrize("view", ["inline", "fullscreen"])
@pytest.mark.parametrize("name", [LONG, EMPTY, MALFORMED, NAMED_BADLY, "no month", "no migration"])
def test_what_is_hard_to_draw_fits_too(scene: Scene, name: str, view: str) -> None:
    scene.show(name, context={"displayMode": view})
    for width in WIDTHS:
        look = scene.browser.do("look", width=width, theme="light", check=width == WIDTHS[0])
        assert_sound(look)
        assert view != "inline" or width not in {600, 736} or look["height"] <= HIGHEST


@pytest.mark.parametrize("view", ["inline", "fullscreen"])
@pytest.mark.parametrize("name", [HOLLISTER, NAMED_BADLY, "month", "migration"])
def test_fingers_get_large_targets(scene: Scene, name: str, view: str) -> None:
    scene.show(name, context={"displayMode": view}, pointer="coarse")
    for width in WIDTHS[:3]:
        look = scene.browser.do("look", width=width, check=False)
        assert_sound(look)
        assert look["smallest"] >= FINGER
        assert view != "inline" or width not in {600, 736} or look["height"] <= HIGHEST


def test_a_link_to_the_desk_page_works_from_a_page_of_another_site(scene: Scene) -> None:
    assert scene.entered() == {"title": "Trip desk", "statuses": [200, 200]}


@pytest.mark.parametrize("path", ["", "/trip/{trip}", f"/month?month={MONTH}", "/migration?check=true"])
def test_the_desk_page_fits_at_every_width_in_both_themes(scene: Scene, path: str) -> None:
    scene.entered()
    url = scene.desk.partition("?")[0] + path.format(trip=scene.ids[HOLLISTER])
    assert scene.browser.do("open", url=url)["status"] == 200
    for theme, width in product(THEMES, WIDTHS):
        assert_sound(scene.browser.do("look", width=width, theme=theme))


def payers(scene: Scene) -> list[str]:
    """The writes of payers on the trip, after checking that both stores agree."""
    with scene.connection() as connection:
        assert_clean(connection)
        rows = connection.execute(
            "SELECT client_email FROM trip_client_assignments WHERE trip_id = ? AND client_role = 'payer'",
            (scene.ids[HOLLISTER],),
        ).fetchall()
    return [email for (email,) in rows]


def test_two_clicks_make_one_write_and_a_click_after_an_undo_writes_again(scene: Scene) -> None:
    browser = scene.browser
    scene.show(HOLLISTER, context={"displayMode": "fullscreen"})
    assert payers(scene) == []
    before = logged(scene)
    browser.do("click", name="Make payer: Grace Hollister", times=2)
    browser.do("find", text="Grace Hollister is payer now.")
    assert payers(scene) == ["grace.hollister@example.net"]
    writes = [one for one in browser.asked("call") if one["name"] == "bulk_trip_operations"]
    assert len(writes) == 2
    assert writes[0]["arguments"] == writes[1]["arguments"]
    assert logged(scene) == before + 1
    browser.do("click", name="Undo")
    browser.do("find", text="Grace Hollister is no longer payer.")
    assert payers(scene) == []
    browser.do("click", name="Make payer: Grace Hollister")
    browser.do("find", text="Grace Hollister is payer now.")
    assert payers(scene) == ["grace.hollister@example.net"]
    assert logged(scene) == before + 3
    keys = [one["arguments"].get("idempotency_key") for one in browser.asked("call")]
    assert len({key for key in keys if key}) == 3
    assert browser.asked("context")[-1]["structuredContent"]["trip_id"] == scene.ids[HOLLISTER]
    browser.do("click", name="Undo")
    browser.do("find", text="Grace Hollister is no longer payer.")


def test_a_click_offers_no_undo_of_what_somebody_else_has_done(scene: Scene) -> None:
    scene.show(HOLLISTER, context={"displayMode": "fullscreen"})
    email, trip_id = "grace.hollister@example.net", scene.ids[HOLLISTER]
    with scene.connection() as connection:
        connection.execute(
            "INSERT INTO trip_client_assignments (trip_id, client_email, client_role) VALUES (?, ?, 'payer')",
            (trip_id, email),
        )
    scene.browser.do("click", name="Make payer: Grace Hollister")
    scene.browser.do("find", text="Grace Hollister is payer now.")
    assert "Undo" not in scene.browser.do("look", width=736, check=False)["text"]
    assert payers(scene) == [email]
    with scene.connection() as connection:
        connection.execute(
            "DELETE FROM trip_client_assignments WHERE trip_id = ? AND client_role = 'payer'", (trip_id,)
        )
    assert payers(scene) == []


def logged(scene: Scene) -> int:
    """Count the writes that the trip's activity log names."""
    with scene.connection() as connection:
        trip = (scene.ids[HOLLISTER],)
        return connection.execute("SELECT count(*) FROM ActivityLog WHERE trip_id = ?", trip).fetchone()[0]


def test_an_error_is_said_in_the_picture(scene: Scene) -> None:
    scene.show("Vega in Lisbon", context={"displayMode": "fullscreen"})
    with scene.connection() as connection:
        connection.execute("UPDATE clients_v2 SET email = 'other@example.net' WHERE email = 'raul.vega@example.net'")
    scene.browser.do("click", name="Make payer: Raul Vega")
    scene.browser.do("find", text="Send full_name too")
    with scene.connection() as connection:
        assert_clean(connection)


def test_an_error_stands_in_place_of_the_picture(scene: Scene) -> None:
    scene.browser.show("show_trip", arguments={"trip_identifier": "99999"})
    text = scene.browser.do("look", width=600)["text"]
    assert text.startswith("not_found: ")


def test_a_person_can_ask_in_the_conversation(scene: Scene) -> None:
    asked = scene.show(HOLLISTER)["result"]["structuredContent"]["missing"][0]
    scene.browser.do("click", name=f"Ask about: {asked['words']}")
    (message,) = scene.browser.asked("message")
    assert message["content"] == [{"type": "text", "text": asked["prompt"]}]


def test_a_trip_of_a_month_is_asked_for_by_its_id(scene: Scene) -> None:
    answer = scene.show("month")["result"]["structuredContent"]
    trip = next(one for one in answer["trips"] if one["name"] == "Petrov, Paris & Versailles")
    scene.browser.do("click", name="Petrov", exact=False)
    (message,) = scene.browser.asked("message")
    assert message["content"] == [{"type": "text", "text": f"Show me trip {trip['trip_id']}."}]


def test_a_month_turns_to_the_next(scene: Scene) -> None:
    scene.show("no month")
    scene.browser.do("click", name="March 2001")
    scene.browser.do("find", text="March 2001")
    scene.browser.do("click", name="February 2001")
    scene.browser.do("find", text="February 2001")
    assert [one["arguments"] for one in scene.browser.asked("call")] == [{"month": "2001-03"}, {"month": "2001-02"}]


@pytest.mark.parametrize("modes", [[], ["inline"], ["inline", "fullscreen"]])
def test_the_short_view_opens_in_full_in_place_or_on_the_whole_screen(scene: Scene, modes: list[str]) -> None:
    scene.show(LONG, context={"availableDisplayModes": modes})
    scene.browser.do("click", name="All days and payments")
    scene.browser.do("find", text="Show all 75 days")
    assert [one["mode"] for one in scene.browser.asked("mode")] == modes[1:]
    look = scene.browser.do("look", width=600)
    assert look["view"] == "full"
    scene.browser.do("click", name="Show all 75 days")
    assert scene.browser.do("look", width=600)["text"].count("Walk with a guide") == 75 - 11


def test_a_host_that_can_do_nothing_gets_a_picture_without_dead_buttons(scene: Scene) -> None:
    scene.show(HOLLISTER, capable=False, context={"displayMode": "fullscreen"})
    look = scene.browser.do("look", width=736, check=False)
    assert "Ask" not in look["text"]
    assert "Make payer" not in look["text"]
    scene.show("migration", capable=False, context={"displayMode": "fullscreen"})
    assert "Check now" not in scene.browser.do("look", width=736, check=False)["text"]


def test_the_migration_is_checked_on_demand_and_shows_where_the_stores_differ(scene: Scene) -> None:
    scene.show("migration", context={"displayMode": "fullscreen"})
    text = scene.browser.do("look", width=1200)["text"]
    assert "2 of 14 trips differ" in text
    assert text.count("not here") == 2
    scene.browser.do("click", name="Check now")
    (call,) = scene.browser.asked("call")
    assert (call["name"], call["arguments"]) == ("show_migration", {"check": True, "hours": 24})
    scene.browser.do("click", name="Ask for a dry run of the repair")
    assert len(scene.browser.asked("message")) == 1


def test_dates_are_written_as_in_the_region_of_the_host(scene: Scene) -> None:
    scene.show(HOLLISTER, context={"displayMode": "fullscreen", "locale": "de-DE"})
    text = scene.browser.do("look", width=736, check=False)["text"]
    assert re.search(r"\n\d{1,2}\s?\w*\s?\W\s?\d{1,2} \w+ \d{4}, 9 nights", text)
