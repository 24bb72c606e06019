"""How the page hears of news: one stream for all tabs, none for hidden ones, questions where streams are refused.

    news.py ADDRESS [PICTURE]

ADDRESS is a dashboard without a token. Says what went wrong on standard error and exits with 1; prints `ok` otherwise.
"""

import re
import sys
import time
import urllib.request

from chromium import Chromium

address = sys.argv[1]
LIVE = """document.getElementById("dot")?.classList.contains("live")"""


def streams():
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        return int(re.search(r"^tributary_event_streams (\d+)$", answer.read().decode(), re.M)[1])


def wait_for(count, what):
    deadline = time.time() + 90
    while streams() != count:
        assert time.time() < deadline, f"{what}: {streams()} streams, not {count}"
        time.sleep(0.1)
    # And it stays so.
    time.sleep(1)
    assert streams() == count, f"{what}: {streams()} streams, not {count}"


def hide(page, is_hidden):
    page.run(f"""Object.defineProperty(document, "hidden", {{ configurable: true, get: () => {str(is_hidden).lower()} }});
        document.dispatchEvent(new Event("visibilitychange", {{ bubbles: true }}))""")


def main(page):
    page.size(1400, 1000)
    page.open(address)
    page.wait(LIVE)
    wait_for(1, "one tab")
    for _ in range(7):
        page.another(address)
    wait_for(1, "eight tabs")
    if len(sys.argv) > 2:
        page.wait("document.body.dataset.loaded")
        page.screenshot(sys.argv[2])
    page.close_others()
    hide(page, True)
    wait_for(0, "hidden")
    hide(page, False)
    page.wait(LIVE)
    wait_for(1, "shown again")

    # Without shared workers every visible tab has a stream of its own.
    page.before_pages("delete window.SharedWorker")
    page.open(address + "/?range=all")
    page.wait(LIVE)
    wait_for(1, "a stream of its own")
    hide(page, True)
    wait_for(0, "a stream of its own, hidden")

    # Where streams are refused, it asks.
    page.before_pages("""{ const real = window.fetch;
        window.fetch = (where, options) => String(where).includes("api/events")
          ? Promise.resolve(new Response("", { status: 503 })) : real(where, options); }""")
    page.open(address + "/?range=all&unit=hour")
    page.wait(LIVE)
    assert page.wait("""document.getElementById("status-text").textContent.includes("data through")""")
    assert streams() == 0
    assert not page.errors, page.errors


browser = Chromium()
try:
    main(browser)
    print("ok")
except Exception as error:
    print(f"{type(error).__name__}: {error}", browser.errors, file=sys.stderr)
    raise
finally:
    browser.close()
