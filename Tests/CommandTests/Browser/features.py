"""What a person can do on the page, step by step, over numbers that are known.

    features.py ADDRESS FOLDER [PICTURES]

ADDRESS is the tests' server. It corrects a number whenever a file `news` appears in FOLDER, and takes it away then.
Says what went wrong on standard error and exits with 1; prints `ok` otherwise.
"""

import sys
import urllib.parse

from chromium import Chromium

address, folder = sys.argv[1:3]
pictures = sys.argv[3] if len(sys.argv) > 3 else None
THIN = "\u202f"
DAY = {"range": "days", "from": "2026-01-05", "to": "2026-01-05"}
SIZES = [("desktop", 1400, 1000, False), ("phone", 390, 844, True)]


def show(page, **choices):
    """Opens the page with what is chosen, and waits for its numbers."""
    page.open(f"{address}/?{urllib.parse.urlencode({'timezone': 'UTC', 'range': 'all', **choices})}")
    page.wait(f"""location.search.includes("range={choices.get('range', 'all')}") && document.body?.dataset.loaded""")
    page.shown()


def loaded(page, act):
    """Does something that makes the page ask again, and waits until it shows what it asked for."""
    act()
    page.shown()


def texts(page, selector):
    return page.run(f"[...document.querySelectorAll(`{selector}`)].map((found) => found.textContent)")


def picture(page, name):
    if pictures:
        page.screenshot(f"{pictures}/{name}.png")


def rounding(page):
    show(page)
    figure = """document.querySelector("#cards [data-key=spend] .figure")"""
    assert page.run(f"[{figure}.textContent, {figure}.title]") == ["57.67", "57.666609"]
    assert page.run("""document.querySelector("#cards [data-key=ctr] .figure").title""") == f"33.3333{THIN}%"
    loaded(page, lambda: page.click("#exact"))
    assert page.run(f"[{figure}.textContent, {figure}.title]") == ["57.666609", ""]
    assert "exact=1" in page.run("location.search")


def numbers(page):
    """Numbers as text, at the edges."""
    page.run("""import("./format.js").then((format) => { window.format = format; })""")
    for value, measure, expected in [
        ("0.000000", "spend", "0.00"), ("0.004999", "spend", f"<{THIN}0.01"), ("0.005000", "spend", "0.01"),
        ("-0.005000", "spend", "-0.01"), ("-0.001000", "spend", f">{THIN}-0.01"), ("9999.995000", "revenue", f"10{THIN}000.00"),
        ("12345.500000", "revenue", f"12{THIN}346"), ("-12345.499999", "revenue", f"-12{THIN}345"),
        ("1234567", "clicks", f"1{THIN}234{THIN}567"), ("12.000000", "conversions", "12"), ("12.333333", "conversions", "12.3"),
        ("0.000049", "ctr", f"<{THIN}0.01{THIN}%"), ("0.015962", "ctr", f"1.60{THIN}%"), ("1.000000", "ctr", f"100.00{THIN}%"),
        ("2.345000", "roas", "2.35"), ("90071992547409.935000", "roas", f"90{THIN}071{THIN}992{THIN}547{THIN}409.94"),
    ]:
        shown = page.run(f'format.rounded("{value}", "{measure}")')
        assert shown == expected, (value, measure, shown, expected)
    assert page.run("format.rounded(null, 'roas')") == "–"
    for now, before, expected in [("120", "53", f"+126{THIN}%"), ("1", "1", f"± 0{THIN}%"), ("9.5", "10", f"−5.0{THIN}%"), ("1", "0", "")]:
        assert page.run(f'format.change("{now}", "{before}")') == expected, (now, before)


def corrections(page):
    show(page)
    mark = "#table tr[data-name=c-1] td[data-key=clicks] .mark"
    assert page.run(f"""document.querySelector("{mark}").title""") == "was 78"
    page.click(mark)
    note = page.wait("""document.querySelector("#note:popover-open")?.textContent""")
    assert "Clicks was 78" in note and "made it 83" in note, note
    page.press("Escape")
    page.wait("""!document.querySelector("#note:popover-open")""")
    page.click(mark)
    page.click("#note:popover-open button")
    page.wait("""document.getElementById("corrections").open""")
    assert texts(page, "#corrected tbody td.old") == ["1"]


def changes(page):
    # The newest half hour has 120 clicks, the one before 53.
    show(page, range="1800", models="last_touch,linear")
    since = """document.querySelector("#cards [data-key=clicks] .since")"""
    assert page.run(f"[{since}.textContent, {since}.dataset.before]") == [f"+126{THIN}%", "53"]
    curves = page.run("""Object.fromEntries([...document.querySelectorAll("#cards .card")]
        .map((card) => [card.dataset.item, card.querySelectorAll(".spark path").length]))""")
    assert curves["clicks"] == 1 and curves["revenue"] == 2, curves
    # A day against the one before it, of which there is nothing; and all there is.
    show(page, **DAY)
    assert page.run(f"{since} === null")
    show(page)
    assert page.run(f"{since} === null")


def chart(page):
    lines = """new Set([...document.querySelectorAll("#chart .line")].map((line) => line.classList[1])).size"""
    show(page, metric="clicks,revenue", models="last_touch,linear")
    assert page.run(lines) == 3
    assert texts(page, "#chart .axis") == ["Clicks", "Revenue, EUR"]
    assert texts(page, "#legend span")[:3] == ["Clicks", "Revenue, last touch", "Revenue, linear"]
    page.click("#measures summary")
    loaded(page, lambda: page.click("#metrics input[value=spend]"))
    loaded(page, lambda: page.click("#metrics input[value=ctr]"))
    # Money shares an axis; a third one has a panel of its own.
    assert texts(page, "#chart .axis") == ["Clicks", "Revenue, EUR · Spend, EUR", "CTR"], texts(page, "#chart .axis")
    assert "metric=clicks%2Crevenue%2Cspend%2Cctr" in page.run("location.search")
    assert page.run("""document.getElementById("measures").open""")
    page.run("""document.getElementById("chart").focus()""")
    page.press("End")
    readout = page.wait("""document.getElementById("readout").textContent.trim()""")
    assert "Clicks 25" in readout and "Revenue, linear 18.75" in readout and "provisional" in readout, readout


def drill(page):
    show(page, **DAY)
    loaded(page, lambda: page.click("#table tr[data-name='c-2 Été'] .name"))
    assert texts(page, "#table tbody th")[:2] == ["=a1", "=a2"], texts(page, "#table tbody th")
    assert texts(page, "#trail li") == ["everything", "campaign c-2 Été"]
    loaded(page, lambda: page.click("#table tr[data-name='=a1'] .name"))
    # An ad has only conversions below it.
    page.wait("""document.querySelectorAll("#conversions-body tbody tr").length === 2""")
    assert texts(page, "#conversions-body tbody th") == ["v-4", "v-3"]
    assert "0.00" in texts(page, "#conversions-body tbody tr")[0], texts(page, "#conversions-body tbody tr")
    picture(page, "drilled")
    # Back by the trail, and by the browser.
    loaded(page, lambda: page.click("#trail li:nth-child(2) button"))
    assert texts(page, "#trail li") == ["everything", "campaign c-2 Été"]
    page.run("history.back()")
    page.wait("""document.querySelectorAll("#trail li").length === 3""")
    loaded(page, lambda: page.click("#trail li button"))
    assert page.run("""document.getElementById("trail").hidden""")
    page.wait("""document.querySelectorAll("#conversions-body tbody tr").length === 4""")
    page.click("#conversions-body tbody tr:nth-child(3) a")
    page.wait("""document.getElementById("explained")?.textContent === "Conversion v/1 ü" """)
    assert page.run("document.activeElement.id") == "explained"
    page.click("#explanation a")
    page.wait("document.body?.dataset.loaded")
    assert page.run("""document.getElementById("conversions").open"""), "the way back leads to what was chosen"


def paths(page):
    show(page)
    page.click("#paths summary")
    page.wait("""document.querySelectorAll("#paths-body tbody tr").length > 2""")
    ways = texts(page, "#paths-body table:first-of-type tbody th")
    assert ways[:2] == ["email → search", "email"], ways
    assert "half within 60 min" in page.run("""document.querySelector("#paths-body h3").textContent""")
    page.run("""{ const steps = document.getElementById("steps"); steps.value = "campaign_id";
        steps.dispatchEvent(new Event("change")); }""")
    page.wait("""document.querySelector("#paths-body tbody th")?.textContent === "c-1 → c-2 Été" """)


def search(page):
    show(page)
    type_in = """{ const field = document.getElementById("conversion"); field.focus(); field.value = "été";
        field.dispatchEvent(new Event("input")); }"""
    page.run(type_in)
    page.wait("""document.querySelectorAll("#found a").length === 2""")
    assert texts(page, "#found a")[0] == "c-2 Été campaign"
    page.press("Escape")
    assert page.run("""document.getElementById("found").hidden && document.activeElement.id === "conversion" """)
    page.run(type_in)
    page.wait("""!document.getElementById("found").hidden""")
    loaded(page, lambda: page.click("#found a"))
    assert texts(page, "#trail li") == ["everything", "campaign c-2 Été"]
    page.run("""{ const field = document.getElementById("conversion"); field.value = "v/1 ü";
        document.getElementById("lookup").requestSubmit(); }""")
    page.wait("""document.getElementById("explained")?.textContent === "Conversion v/1 ü" """)


def downloads(page):
    show(page, view="campaign_5m", by="campaign_id", metric="clicks,revenue")
    page.run("""{ window.blobs = []; const real = URL.createObjectURL;
        URL.createObjectURL = (blob) => { blobs.push(blob); return real.call(URL, blob); };
        HTMLAnchorElement.prototype.click = function () { blobs.at(-1).file = this.download; }; }""")
    page.click("[data-act=table-csv]")
    page.wait("blobs.length === 1 && blobs[0].file")
    text = page.run("blobs[0].text()")
    assert text.startswith("start,timezone,state,revision,campaign_id,impressions,clicks,"), text
    assert "c-2 Été" in text and page.run("blobs[0].file") == "tributary-2026-01-05-campaign_id.csv"
    page.click("[data-act=series-csv]")
    page.wait("blobs.length === 2 && blobs[1].file")
    assert page.run("blobs[1].text()").count("\r\n") == 13
    page.click("[data-act=png]")
    page.wait("blobs.length === 3 && blobs[2].file")
    assert page.run("[blobs[2].type, blobs[2].file]") == ["image/png", "tributary-2026-01-05-chart.png"]
    # It has more than one colour: the curves are there.
    colours = page.run("""createImageBitmap(blobs[2]).then((image) => {
        const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
        return new Set(pixels).size; })""")
    assert colours > 20, colours


def views(page):
    show(page, models="linear", metric="revenue")
    page.run("localStorage.clear()")
    page.click("#views summary")
    page.run("""{ document.getElementById("view-name").value = "My <b>view</b>";
        document.getElementById("views-form").requestSubmit(); }""")
    page.wait("""document.querySelectorAll("#views-list li").length === 1""")
    show(page, models="last_touch")
    assert page.run("""document.querySelectorAll("#legend span")[0].textContent""") != "linear"
    page.click("#views summary")
    assert texts(page, "#views-list a") == ["My <b>view</b>"]
    loaded(page, lambda: page.click("#views-list a"))
    assert "metric=revenue&" in page.run("location.search") + "&" and "models=linear" in page.run("location.search")
    assert page.run("""document.querySelector("#models input[value=linear]").checked""")
    page.click("#views summary")
    page.click("#copy-link")
    page.wait("""document.getElementById("views-said").textContent.startsWith("The link is")""")
    page.click("#views-list button")
    page.wait("""document.querySelectorAll("#views-list li").length === 0""")


def people(page):
    """Distinct counts, where there are any: they do not add up."""
    show(page)
    assert not page.run("""document.querySelector("[data-key=users]")""")
    show(page, range="300", where="campaign_id=c-1")
    shown = page.run("""[...document.querySelectorAll("[data-key=users]")].map((cell) => cell.dataset.value)""")
    assert shown == ["1", "1", "1"], shown


def news(page):
    """What somebody is at outlives the news."""
    show(page, open="conversions")
    page.wait("""document.getElementById("dot").classList.contains("live")""")
    page.wait("""document.querySelectorAll("#conversions-body tbody tr").length""")
    for opened, focused in [("#measures summary", "#metrics input[value=revenue]"), ("#views summary", "#view-name"),
                            (None, "#table tr[data-name=c-1] .name"), (None, "#table thead button"), (None, "#by"),
                            (None, "#conversions-body a")]:
        if opened:
            page.click(opened)
        page.run(f"""{{ window.kept = document.querySelector("{focused}"); kept.focus(); }}""")
        clicks = page.run("""document.querySelector("#cards [data-key=clicks]").dataset.value""")
        open(f"{folder}/news", "w").close()
        page.wait(f"""document.querySelector("#cards [data-key=clicks]").dataset.value !== "{clicks}" """)
        page.wait("""document.querySelector("#table tr.total td[data-key=clicks]").dataset.value
            === document.querySelector("#cards [data-key=clicks]").dataset.value""")
        assert page.run("kept.isConnected && document.activeElement === kept"), focused
        if opened:
            assert page.run(f"""document.querySelector("{opened}").parentElement.open"""), opened
            page.press("Escape")
            page.wait(f"""!document.querySelector("{opened}").parentElement.open""")
    page.click("#table tr[data-name=c-1] td[data-key=clicks] .mark")
    page.wait("""document.querySelector("#note:popover-open") !== null""")
    clicks = page.run("""document.querySelector("#cards [data-key=clicks]").dataset.value""")
    open(f"{folder}/news", "w").close()
    page.wait(f"""document.querySelector("#cards [data-key=clicks]").dataset.value !== "{clicks}" """)
    assert page.run("""document.querySelector("#note:popover-open") !== null""")
    # The line that ticks is not spoken.
    assert page.run("""document.getElementById("status-text").closest("[aria-live], [role=status], [role=alert]") === null""")
    assert page.run("""document.getElementById("announcement").textContent""") == ""


def connection(page):
    """That the connection is lost, and that it is back, is spoken."""
    page.before_pages("""delete window.SharedWorker;
        { const real = window.fetch; window.isCut = false;
          window.fetch = (where, options) => window.isCut && String(where).includes("api/")
            ? Promise.reject(new TypeError("cut")) : real(where, options); }""")
    show(page)
    page.wait("""document.getElementById("dot").classList.contains("live")""")
    hide = """Object.defineProperty(document, "hidden", {{ configurable: true, get: () => {0} }});
        document.dispatchEvent(new Event("visibilitychange", {{ bubbles: true }}));"""
    page.run("window.isCut = true;" + hide.format("true") + hide.format("false"))
    page.wait("""document.getElementById("announcement").textContent.includes("lost")""")
    page.run("window.isCut = false")
    page.wait("""document.getElementById("announcement").textContent === "Connected again." """)
    page.wait("""document.getElementById("status-text").textContent.includes("data through")""")


def main(page):
    # The news change the numbers that the others expect.
    for checks in [[rounding, numbers, corrections, changes, chart, drill, paths, search, downloads, views, people], [news]]:
        for name, width, height, is_mobile in SIZES:
            page.size(width, height, is_mobile)
            for check in checks:
                try:
                    check(page)
                    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
                except BaseException:
                    print(f"in {check.__name__} on the {name}", file=sys.stderr)
                    raise
    connection(page)
    assert not page.errors, page.errors


browser = Chromium()
try:
    main(browser)
    print("ok")
except BaseException as error:
    print(f"{type(error).__name__}: {error}", browser.errors, file=sys.stderr)
    raise
finally:
    browser.close()
