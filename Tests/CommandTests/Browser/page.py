"""Opens the dashboard as a person would and checks what it shows.

    page.py ADDRESS PROGRAM [PICTURES]

PROGRAM is the built tributary, configured by the environment for the topics that ADDRESS serves.
Says what went wrong on standard error and exits with 1; prints `ok` otherwise.
"""

import csv
import decimal
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from chromium import Chromium

address, program = sys.argv[1:3]
pictures = sys.argv[3] if len(sys.argv) > 3 else None
DAY = "2026-01-05"
ZONE = "Europe/Berlin"


def tributary(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def api(path, **query):
    with urllib.request.urlopen(f"{address}{path}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer)


def report(by, models):
    """The report's numbers by name: {name: {column: text}}."""
    arguments = ["--compare-models"] if len(models) > 1 else ["--model", models[0]]
    text = tributary(
        "report", "--day", DAY, "--timezone", ZONE, "--by", by, "--provisional", "--format", "csv",
        *arguments)
    rows = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        name = "total" if row["line"] == "total" else row[next(k for k in row if k in (
            "campaign_id", "channel"))] or "(none)"
        rows[name] = row
    return rows


def table(page):
    """What the page's table shows: {name: {column: (value, text)}}."""
    return page.run("""
        Object.fromEntries([...document.querySelectorAll("#table tbody tr")].map((line) => [
          line.dataset.name,
          Object.fromEntries([...line.querySelectorAll("td[data-key]")].map((cell) => [
            cell.dataset.key, [cell.dataset.value, cell.querySelector(".figure").textContent]]))]))""")


def shortened(value, measure=""):
    """As the page writes a number: thousands apart, zeros at the end left out but for two, rates in %."""
    if value == "":
        return "–"
    if measure in ("ctr", "conversion_rate"):
        return shortened(str(decimal.Decimal(value).scaleb(2))) + "\u202f%"
    whole, point, decimals = value.partition(".")
    whole = f"{int(whole):,}".replace(",", "\u202f")
    return whole + (point and point + decimals.rstrip("0").ljust(2, "0"))


def check_table(page, by, models):
    shown, expected = table(page), report(by, models)
    assert shown.keys() == expected.keys(), (shown.keys(), expected.keys())
    for name, columns in shown.items():
        assert len(columns) == 5 + 5 * len(models), columns
        for key, (value, text) in columns.items():
            measure, _, model = key.partition("/")
            column = measure if not model or len(models) == 1 else f"{measure}_{model}"
            assert value == expected[name][column], (name, key, value, expected[name][column])
            assert text == shortened(value, measure), (name, key, text, value)


def choose(page, field, value):
    loaded(page, f"""
        {{ const field = document.getElementById("{field}"); field.value = "{value}";
          field.dispatchEvent(new Event("change")); }}""")


def loaded(page, script, extra="true"):
    """Does something that makes the page ask again, and waits until it shows what it asked for."""
    page.run(script)
    page.shown(extra)


def picture(page, name):
    if pictures:
        page.screenshot(f"{pictures}/{name}.png")


def a_conversion():
    """The story of a conversion that a touch earned, among those sent before."""
    with tempfile.TemporaryDirectory() as folder:
        tributary("generate", "--profile", "dense", "--events", "20000", "--seed", "8", "--start", f"{DAY}T08:00:00Z",
                  "--users", "2000", "--late", "0.05", "--jsonl", folder)
        with open(f"{folder}/conversions.jsonl", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    identifier = str(json.loads(line)["event_id"])
                    story = api("/api/conversions/" + urllib.parse.quote(identifier, safe=""))
                except (ValueError, KeyError, TypeError, urllib.error.HTTPError):
                    continue
                if len(story["revisions"][-1]["touches"]) > 1:
                    return story
    raise RuntimeError("no conversion was earned by several touches")


def main(page):
    page.size(1400, 1000)
    page.open(address)
    page.wait("document.body && document.body.dataset.loaded")
    page.wait("""document.getElementById("dot").classList.contains("live")""")
    status = page.wait("""document.getElementById("status-text").textContent""")
    assert "data through" in status and "behind" in status, status

    # A day of one zone, by campaign, under one model: digit by digit what the report says.
    loaded(page, """document.getElementById("exact").click()""")
    choose(page, "timezone", ZONE)
    choose(page, "range", "days")
    last_day = page.run("""document.getElementById("from").value""")
    assert last_day >= DAY and last_day == page.run("""document.getElementById("to").value"""), last_day
    choose(page, "from", DAY)
    choose(page, "to", DAY)
    check_table(page, "campaign", ["last_touch"])

    # Two models side by side.
    loaded(page, """document.querySelector("#models input[value=linear]").click()""")
    check_table(page, "campaign", ["last_touch", "linear"])
    assert page.run("""document.querySelectorAll("#chart .line").length""") >= 1
    loaded(page, """document.querySelector("#metrics input[value=revenue]").click()""")
    loaded(page, """document.querySelector("#metrics input[value=clicks]").click()""")
    assert page.run("""new Set([...document.querySelectorAll("#chart .line")]
        .map((line) => line.getAttribute("class").split(" ")[1])).size""") == 2

    # Cards and chart against the API.
    summary = api("/api/summary", **{"from": DAY, "to": "2026-01-06", "timezone": ZONE})
    cards = page.run("""Object.fromEntries([...document.querySelectorAll("#cards p[data-key]")]
        .map((p) => [p.dataset.key, p.dataset.value]))""")
    assert cards["clicks"] == str(summary["total"]["clicks"]), cards
    assert cards["roas/linear"] == summary["total"]["models"]["linear"]["roas"], cards
    choose(page, "unit", "hour")
    hours = api("/api/rollups", **{
        "from": DAY, "to": "2026-01-06", "timezone": ZONE, "unit": "hour", "by": "none"})
    page.run("""document.getElementById("chart").focus()""")
    page.press("Home")
    cursor = 0
    for row in hours["rows"][:3]:
        for _ in range(row["span"] - cursor):
            page.press("ArrowRight")
        cursor = row["span"]
        place = page.run("""document.getElementById("readout").textContent""")
        local = hours["spans"][row["span"]]["local"]
        assert local[11:16] in place, (local, place)
        assert shortened(row["models"]["linear"]["revenue"]) in place, (row, place)

    # Sorting and filtering.
    loaded(page, """[...document.querySelectorAll("#table thead button")]
        .find((button) => button.textContent.startsWith("Clicks")).click()""")
    clicks = page.run("""[...document.querySelectorAll("#table tbody tr:not(.total) td[data-key=clicks]")]
        .map((cell) => Number(cell.dataset.value))""")
    assert clicks == sorted(clicks, reverse=True) and len(clicks) > 5, clicks
    assert page.run("""document.querySelector("th[aria-sort]").textContent""").startswith("Clicks")
    loaded(page, """{ const filter = document.getElementById("filter"); filter.value = "C-1";
        filter.dispatchEvent(new Event("input")); }""", "state.filter === 'C-1'")
    names = page.run("""[...document.querySelectorAll("#table tbody tr")].map((l) => l.dataset.name)""")
    assert names and all("c-1" in name for name in names), names
    loaded(page, """{ const filter = document.getElementById("filter"); filter.value = "";
        filter.dispatchEvent(new Event("input")); }""", "state.filter === ''")

    # The other view.
    choose(page, "view", "channel_5m")
    check_table(page, "channel", ["last_touch", "linear"])
    picture(page, "desktop-light")

    # News arrive by themselves, late corrections among them.
    before = page.run("""document.querySelector("#cards p[data-key=clicks]").dataset.value""")
    tributary("generate", "--profile", "dense", "--events", "20000", "--seed", "8", "--start", f"{DAY}T08:00:00Z",
              "--users", "2000", "--late", "0.05")
    tributary("run", "--exit-at-end")
    page.wait(f"""document.querySelector("#cards p[data-key=clicks]").dataset.value !== "{before}" """)
    total = report("channel", ["last_touch", "linear"])["total"]["clicks"]
    page.wait(f"""document.querySelector("#cards p[data-key=clicks]").dataset.value === "{total}" """)
    check_table(page, "channel", ["last_touch", "linear"])
    corrections = api("/api/summary", view="channel_5m")["corrections"]
    assert corrections, "the traffic was to correct final windows"
    assert page.wait("""document.querySelectorAll("#table .mark").length""") > 0
    assert page.run("""document.querySelectorAll("#corrected tbody tr").length""") > 0

    # Conversions one by one are those of the report, and so are the ways to them.
    totals = report("channel", ["last_touch", "linear"])
    expected = [int(decimal.Decimal(totals[name]["conversions_last_touch"])) for name in ("total", "(unattributed)")]
    day = {"view": "channel_5m", "from": DAY, "to": "2026-01-06", "timezone": ZONE}
    for _ in range(900):
        ways = api("/api/paths", **day)
        if [ways["count"], ways["unattributed"]] == expected:
            break
        time.sleep(0.1)
    assert [ways["count"], ways["unattributed"]] == expected, (ways, expected)
    assert api("/api/conversions", **day)["count"] == expected[0]
    assert sum(one["conversions"] for one in ways["times"]) == expected[0] - expected[1]
    email = api("/api/conversions", **day, where="channel=email", models="linear", limit="1000")
    assert email["count"] == len(email["conversions"])
    earned = sum(decimal.Decimal(found["models"]["linear"]["revenue"]) for found in email["conversions"])
    assert earned == decimal.Decimal(totals["email"]["revenue_linear"]), (earned, totals["email"])

    # One conversion that is there …
    story = a_conversion()
    page.run(f"""document.getElementById("conversion").value = "{story['conversion_id']}";
        document.getElementById("lookup").requestSubmit()""")
    page.wait(f"""document.querySelector("#explanation h2")?.textContent.includes("{story['conversion_id']}") """)
    lines = page.run("""[...document.querySelectorAll("#explanation ol:not(.plain) li")].map((l) => l.textContent)""")
    assert len(lines) == len(story["touches"]) + 1, lines
    for touch in story["touches"]:
        assert any(touch["event_id"] in line and touch["verdict"] in line for line in lines), touch
    latest = story["revisions"][-1]
    cells = page.run("""[...document.querySelectorAll("#explanation tbody tr")].map((line) =>
        [...line.querySelectorAll(".money")].map((cell) => cell.textContent))""")
    expected = [[shortened(latest["revenue"][model][index]) + " EUR" for model in sorted(latest["revenue"])]
                for index in range(len(latest["touches"]))]
    assert cells == expected, (cells, expected)
    picture(page, "conversion")

    # … and one that is not.
    page.run("""document.getElementById("conversion").value = "no-such-conversion";
        document.getElementById("lookup").requestSubmit()""")
    page.wait("""document.querySelector("#explanation h2") !== null""")
    page.errors[:] = [error for error in page.errors if "/api/conversions/no-such" not in error]

    # Small and dark.
    for width, mobile, dark in [(390, True, False), (390, True, True), (1400, False, True)]:
        page.size(width, 900, mobile, dark)
        page.open(f"{address}/?range=all&models=last_touch,linear&metric=revenue&timezone={ZONE}&exact=1")
        page.wait("document.body && document.body.dataset.loaded")
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{width} overflows"
        ground = page.run("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 200) == dark, ground
        picture(page, f"{'phone' if mobile else 'desktop'}-{'dark' if dark else 'light'}")
    assert not page.errors, page.errors


browser = Chromium()
try:
    main(browser)
    print("ok")
except Exception as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    print(browser.run("document.body.innerText"), browser.errors, file=sys.stderr)
    raise
finally:
    browser.close()
