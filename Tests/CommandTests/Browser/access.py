"""Has axe-core look for what keeps people out: in everything the page shows, on desktop and phone, light and dark.

    access.py ADDRESS AXE [PICTURES]

ADDRESS is the tests' server, AXE the file axe.min.js. Says what was found on standard error and exits with 1;
prints `ok` otherwise.
"""

import sys

from chromium import Chromium

address, axe = sys.argv[1:3]
pictures = sys.argv[3] if len(sys.argv) > 3 else None
with open(axe, encoding="utf-8") as file:
    RULES = file.read()


def examine(page, where):
    if not page.run("typeof window.axe !== 'undefined'"):
        page.run(RULES + "; 0")
    found = page.run("""axe.run(document).then((results) => ({ passed: results.passes.length,
        problems: results.violations.map((rule) => `${rule.id}: ${rule.help}: `
          + rule.nodes.slice(0, 3).map((node) => node.html + " " + node.failureSummary).join(" | ")) }))""")
    assert found["passed"] > 10, (where, found)
    assert not found["problems"], (where, found["problems"])


def main(page):
    for size, width, height, is_mobile in [("desktop", 1400, 1000, False), ("phone", 390, 844, True)]:
        for scheme in ["light", "dark"]:
            where = f"{size}-{scheme}"
            page.size(width, height, is_mobile, scheme == "dark")
            page.open(f"{address}/?range=days&from=2026-01-05&to=2026-01-05&timezone=UTC&view=ad_5m&where=campaign_id%3Dc-1&by=ad_id&metric=clicks,revenue,ctr"
                      "&models=last_touch,linear&open=conversions,paths")
            page.wait("""document.body?.dataset.loaded && location.search.includes("open=")""")
            page.wait("""document.querySelectorAll("#paths-body tr").length""")
            page.run("""document.getElementById("corrections").open = true""")
            if pictures:
                page.screenshot(f"{pictures}/everything-{where}.png")
            examine(page, f"{where}, everything open")
            page.open(f"{address}/?range=all&timezone=UTC&models=last_touch,linear")
            page.wait("""document.body?.dataset.loaded && !location.search.includes("open=conversions")""")
            if pictures:
                page.screenshot(f"{pictures}/{where}.png")
            examine(page, where)
            for menu in ["#measures", "#views"]:
                page.click(menu + " summary")
                examine(page, f"{where}, {menu}")
                page.press("Escape")
            page.click("#table .mark")
            page.wait("""document.querySelector("#note:popover-open") !== null""")
            examine(page, f"{where}, a note")
            page.press("Escape")
            page.run("""{ const field = document.getElementById("conversion"); field.value = "c-";
                field.dispatchEvent(new Event("input")); }""")
            page.wait("""!document.getElementById("found").hidden""")
            examine(page, f"{where}, a search")
            page.open(f"{address}/conversions/v%2F1%20%C3%BC")
            page.wait("""document.getElementById("explained") !== null""")
            if pictures:
                page.screenshot(f"{pictures}/explained-{where}.png")
            examine(page, f"{where}, a conversion")
            page.run("""document.getElementById("login").showModal()""")
            examine(page, f"{where}, the question for a token")


browser = Chromium()
try:
    main(browser)
    print("ok")
except BaseException as error:
    print(f"{type(error).__name__}: {error}", browser.errors, file=sys.stderr)
    raise
finally:
    browser.close()
