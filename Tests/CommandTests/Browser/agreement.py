"""Compares, at many moments of a stream, what every reader shows of every closed window.

    agreement.py PROGRAM PROCESSOR DASHBOARD SQLITE POSTGRES

PROGRAM is the built tributary, configured by the environment; PROCESSOR and DASHBOARD are the addresses
of its `run --http` and `serve`; the databases are those that two sinks keep up to date meanwhile.
Says what went wrong on standard error and exits with 1; prints a line about what it compared otherwise.
"""

import csv
import io
import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from chromium import Chromium

program, processor, dashboard, sqlite, postgres = sys.argv[1:6]
DAY, VIEW, MODELS = "2026-01-05", "channel_5m", ["last_touch", "linear"]
COLUMNS = ["impressions", "clicks", "spend_micros"] + [
    f"{what}_{model}_micros" for what in ("conversions", "revenue") for model in MODELS]


def tributary(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def get(address):
    with urllib.request.urlopen(address, timeout=90) as answer:
        return answer.read().decode()


def api(path, **query):
    return json.loads(get(f"{dashboard}{path}?{urllib.parse.urlencode(query)}"))


def micros(text):
    whole, decimals = text.split(".")
    return int(whole) * 1_000_000 + int(decimals)


def generate(number):
    """One more slice of traffic, and events of an earlier one that come now; gives how many records."""
    return slice_of(number, 100 + number, 15000) + (
        slice_of(number - 2, 200 + number, 1500) if number > 1 else 0)


def slice_of(number, seed, events):
    start = f"{DAY}T{8 + number // 4:02}:{number % 4 * 15:02}:00Z"
    made = json.loads(tributary(
        "generate", "--profile", "dense", "--events", str(events), "--seed", str(seed), "--start", start,
        "--users", "1500", "--late", "0.05", "--json"))
    return sum(made[topic]["records"] for topic in ("impressions", "clicks", "conversions"))


def samples(name):
    return [float(line.rsplit(" ", 1)[1]) for line in get(f"{processor}/metrics").splitlines()
            if line.startswith(name + "{")]


def processed(records):
    """Waits until the processor has taken this many records and published all that follows."""
    for _ in range(2400):
        if sum(samples("tributary_records_total")) == records:
            if not any(samples("tributary_input_lag_records")):
                return
        time.sleep(0.1)
    raise RuntimeError("the processor does not get there: " + get(f"{processor}/statusz"))


# --- What each reader has: {(window start, channel): numbers, as integers, and whether they are final}

def of_api():
    rows = api("/api/rollups", view=VIEW, unit="window", by="channel", limit=10000,
               models=",".join(MODELS))
    starts = [span["start"] for span in rows["spans"]]
    return {
        (starts[row["span"]], row["dimensions"]["channel"]): (
            row["impressions"], row["clicks"], micros(row["spend"]),
            *(micros(row["models"][model]["conversions"]) for model in MODELS),
            *(micros(row["models"][model]["revenue"]) for model in MODELS), row["final"])
        for row in rows["rows"]}


def of_table(text):
    table = {}
    for line in text.splitlines():
        start, channel, *numbers, final = line.split("|")
        table[start, channel] = (*map(int, numbers), final == "1")
    return table


def of_sqlite():
    query = f"SELECT window_start, channel, {', '.join(COLUMNS)}, final FROM rollups WHERE view = '{VIEW}'"
    done = subprocess.run(["sqlite3", sqlite, query], capture_output=True, text=True, check=True)
    return of_table(done.stdout)


def of_postgres():
    start = """to_char(window_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    query = f"SELECT {start}, channel, {', '.join(COLUMNS)}, final::int FROM rollups WHERE view = '{VIEW}'"
    done = subprocess.run(
        ["psql", postgres, "--no-psqlrc", "-qAtc", query], capture_output=True, text=True, check=True)
    return of_table(done.stdout)


def of_report():
    """Closed windows of the day by channel: {channel: numbers}."""
    text = tributary(
        "report", "--day", DAY, "--by", "channel", "--provisional", "--format", "csv",
        "--compare-models")
    report = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if row["line"] == "total":
            continue
        report[row["channel"]] = (
            int(row["impressions"]), int(row["clicks"]), micros(row["spend"]),
            *(micros(row[f"conversions_{model}"]) for model in MODELS),
            *(micros(row[f"revenue_{model}"]) for model in MODELS))
    return report


def of_page(page, metric):
    """What the chart says of each point, in words: {window start: (text, whether it is provisional)}."""
    page.run(f"""import("/state.js").then(({{ change }}) => change({{ metrics: ["{metric}"] }}))""")
    # Both models are there, and the numbers are those of now.
    page.wait(f"""import("/state.js").then(({{ data, state }}) => !data.isBusy && data.series
        && data.series.unit === "window" && state.metrics.join() === "{metric}" && document.body.dataset.loaded)""")
    return {start: (text, "provisional" in text) for start, text in page.run("""
        Promise.all([import("/state.js"), import("/chart.js")]).then(([{ data }, { moveCursor }]) =>
          data.series.spans.map((span, index) => { moveCursor(index);
            return [span.start, document.getElementById("readout").textContent]; }))""")}


def shortened(value):
    """Millionths as the page writes them."""
    whole, decimals = divmod(value, 1_000_000)
    return f"{whole:,}".replace(",", "\u202f") + "." + f"{decimals:06}".rstrip("0").ljust(2, "0")


# --- Agreement

def summed(table, closed, key):
    sums = {}
    for (start, channel), numbers in table.items():
        if start in closed:
            old = sums.get(key(start, channel), (0,) * len(COLUMNS))
            sums[key(start, channel)] = tuple(a + b for a, b in zip(old, numbers))
    return sums


def agreeing():
    """The table that API and both databases have, once they have the same."""
    for _ in range(1200):
        tables = [of_api(), of_sqlite(), of_postgres()]
        if tables[0] == tables[1] == tables[2]:
            return tables[0]
        time.sleep(0.1)
    for name, table in zip(["sqlite", "postgres"], tables[1:]):
        for key in sorted(tables[0].keys() | table.keys()):
            if tables[0].get(key) != table.get(key):
                print(name, key, "api", tables[0].get(key), name, table.get(key), file=sys.stderr)
    raise RuntimeError("the readers do not agree")


def check_page(page, table, closed):
    windows = summed(table, closed, lambda start, channel: start)
    revisions = api("/api/summary")["status"]["revisions"]
    page.wait(f"""import("/state.js").then(({{ data }}) =>
        !data.isBusy && data.summary && data.summary.status.revisions === {revisions})""")
    clicks, revenue = of_page(page, "clicks"), of_page(page, "revenue")
    for start, numbers in windows.items():
        text, is_provisional = clicks[start]
        assert not is_provisional, (start, text)
        said = re.search("Clicks ([\\d\u202f]+)", text).group(1)
        assert said == f"{numbers[1]:,}".replace(",", "\u202f"), (start, text, numbers)
        said = re.search("last touch ([\\d.\u202f]+).*linear ([\\d.\u202f]+)", revenue[start][0]).groups()
        assert said == (shortened(numbers[5]), shortened(numbers[6])), (start, revenue[start], numbers)
    still_open = [start for start, (_, is_provisional) in clicks.items() if is_provisional]
    assert not set(still_open) & closed, still_open
    return len(still_open)


def compare(page):
    """Compares all readers, and again if more was published meanwhile: the processor counts an event as
    taken before the rollups that follow from it are out, and a report may have read further than the
    dashboard had."""
    for _ in range(50):
        table = agreeing()
        try:
            return table, *compare_with(table, page)
        except (AssertionError, RuntimeError):
            catch_up()
            if of_api() == table:
                raise
    raise RuntimeError("the numbers never stood still")


def catch_up():
    """Waits until the dashboard has read as far as a report does."""
    report = json.loads(tributary("report", "--day", DAY, "--by", "channel", "--provisional", "--json"))
    for _ in range(1200):
        # One has milliseconds, the other none.
        if api("/api/summary")["status"]["final_through"][:-1] >= report["closed_through"][:-1]:
            return
        time.sleep(0.1)
    raise RuntimeError("the dashboard does not get there: " + report["closed_through"])


def compare_with(table, page):
    through = api("/api/summary")["status"]["final_through"]
    closed = {start for (start, _), numbers in table.items() if numbers[-1]}
    # Nothing that is called final is newer than what all tasks have passed.
    assert all(start < through for start in closed), through
    if not closed:
        return closed, 0
    assert of_report() == summed(table, closed, lambda start, channel: channel), through
    return closed, check_page(page, table, closed)


def main(page):
    page.size(1400, 1000)
    page.open(f"{dashboard}/?view={VIEW}&range=all&unit=window&timezone=UTC&models={','.join(MODELS)}&exact=1")
    page.wait("document.body && document.body.dataset.loaded")
    records, compared, corrected, opened, before = 0, 0, 0, 0, {}
    for number in range(8):
        records += generate(number)
        processed(records)
        table, closed, still_open = compare(page)
        opened += still_open
        corrected += sum(1 for key, numbers in before.items() if table[key] != numbers)
        before = {key: numbers for key, numbers in table.items() if key[0] in closed}
        compared += len(before)
    assert compared > 200 and corrected > 20 and opened > 20, (compared, corrected, opened)
    assert not page.errors, page.errors
    print(f"{compared} closed rollups compared at 8 moments, {corrected} of them corrected in between")


browser = Chromium()
try:
    main(browser)
except Exception as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    print(browser.run("document.body.innerText"), browser.errors, file=sys.stderr)
    raise
finally:
    browser.close()
