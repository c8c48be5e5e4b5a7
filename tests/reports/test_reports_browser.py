"""``index.html`` in a browser: sorting, filtering, choosing, replaying, by mouse and keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchopt.reports import write_report
from patchopt.sweeps import sweep

sync_api = pytest.importorskip("playwright.sync_api")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    sweep(
        [
            "sweep.scenarios=[ha_microservices,risky_patch]",
            "sweep.strategies=[rolling,big_bang,blue_green,optimal]",
            "optimizer=quick",
            "bound=quick",
            "bound.replications=4",
            "sweep.replications=40",
            f"sweep.out={folder / 'dataset'}",
            "parallel.n_jobs=1",
        ]
    )
    write_report(folder / "dataset", out=folder / "report")
    return folder / "report" / "index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as play:
        made = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    context = browser.new_context(offline=True, color_scheme="light")
    made = context.new_page()
    faults: list[str] = []
    asked: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    made.on("request", lambda request: asked.append(request.url))
    made.goto(report.as_uri())
    made.wait_for_selector("body[data-ready]", timeout=60_000)
    yield made
    assert faults == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def names(page: Page) -> list[str]:
    return page.locator("#table tbody tr td:nth-child(2)").all_text_contents()


def test_plans_that_break_constraints_are_last_whatever_is_sorted_by(page: Page) -> None:
    assert names(page)[0] == "optimal"
    assert names(page)[-1] == "big_bang"
    heading = page.locator("#table th button", has_text="completion time")
    heading.click()
    up = names(page)
    assert up[-1] == "big_bang"
    page.locator("#table th button", has_text="completion time").click()
    assert names(page) == [*reversed(up[:-1]), "big_bang"]
    sorted_by = page.locator("#table th[aria-sort=descending]")
    assert "completion time" in (sorted_by.text_content() or "")


def test_filters(page: Page) -> None:
    page.fill("#filter", "green")
    assert names(page) == ["blue_green"]
    page.fill("#filter", "")
    page.check("#kept")
    assert "big_bang" not in names(page)


def test_another_scenario_and_the_address_knows_it(page: Page, report: Path) -> None:
    page.select_option("#scenario", label="risky_patch")
    page.locator("#table tbody tr", has_text="blue_green").click()
    assert "risky_patch" in page.url
    assert page.text_content("#replay-plan") == "blue_green on risky_patch"
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.text_content("#replay-plan") == "blue_green on risky_patch"


def test_from_a_point_to_its_plan(page: Page) -> None:
    assert page.locator("#pareto .scatterlayer .trace").count() == 4
    page.evaluate(
        """() => {
            const chart = document.getElementById("pareto");
            const at = chart.data.findIndex((one) => one.name === "blue_green");
            chart.emit("plotly_click", { points: [{ customdata: chart.data[at].customdata[0] }] });
        }"""
    )
    assert page.text_content("#replay-plan") == "blue_green on ha_microservices"
    chosen = page.locator("#table tr[aria-selected=true] td:nth-child(2)")
    assert chosen.all_text_contents() == ["blue_green"]
    page.select_option("#axis-x", label="surge node seconds")
    page.check("#log")
    assert "surge node seconds" in (page.text_content("#pareto") or "")


def test_charts_offer_nothing_that_sends_them_away(page: Page) -> None:
    buttons = page.locator("#pareto .modebar-btn")
    titles = [buttons.nth(at).get_attribute("data-title") for at in range(buttons.count())]
    assert titles == [
        "Download plot as a PNG",
        "Zoom",
        "Pan",
        "Zoom in",
        "Zoom out",
        "Reset axes",
    ]
    for at in range(len(titles)):
        if titles[at] != "Download plot as a PNG":
            buttons.nth(at).click(force=True)
    # Above the plans' names, where it hides none of them.
    bar, legend = (page.locator(f"#pareto {one}").bounding_box() for one in (".modebar", ".legend"))
    assert bar is not None
    assert legend is not None
    assert bar["y"] + bar["height"] <= legend["y"]


def test_replay_by_keyboard_and_slider(page: Page) -> None:
    clock = page.locator("#clock")
    assert clock.text_content() == "0s"
    first = page.locator("#picture .tile[data-kind=old]").count()
    total = page.locator("#picture .tile").count()
    assert total == 13
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    after = clock.text_content()
    assert after != "0s"
    page.keyboard.press("ArrowLeft")
    assert clock.text_content() == "0s"
    last = int(page.get_attribute("#scrub", "max") or 0)
    page.evaluate(
        """(value) => {
            const scrub = document.getElementById("scrub");
            scrub.value = value;
            scrub.dispatchEvent(new Event("input"));
        }""",
        last,
    )
    fresh = page.locator("#picture .tile[data-kind=fresh]").count()
    assert fresh > total - first
    assert "serving" in (page.text_content(".service[data-service='0'] .count") or "")
    assert page.locator("#events li[aria-current=true]").count() == 1


def test_it_plays_and_pauses(page: Page) -> None:
    page.select_option("#speed", label="fast")
    page.locator("h1").click()
    page.keyboard.press("Space")
    assert page.text_content("#play") == "Pause"
    page.wait_for_function("Number(document.getElementById('scrub').value) > 0")
    page.keyboard.press("Space")
    assert page.text_content("#play") == "Play"
    page.click("#play")
    # It ends by itself, at the end.
    page.wait_for_function("document.getElementById('play').textContent === 'Play'")
    assert page.input_value("#scrub") == page.get_attribute("#scrub", "max")


def test_dark_and_light(page: Page) -> None:
    def paper() -> str:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return str(colour)

    assert paper() == "rgb(255, 255, 255)"
    page.click("#theme")
    assert paper() != "rgb(255, 255, 255)"
    page.click("#theme")
    assert paper() == "rgb(255, 255, 255)"
