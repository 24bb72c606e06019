"""A headless Chromium, driven over its debugging pipe: just what the tests of the page need."""

import base64
import json
import os
import subprocess
import tempfile
import time


KEYS = {"Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


class Navigated(RuntimeError):
    """The page went elsewhere while it was asked."""


class Chromium:
    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        def connect():
            # Chromium reads commands from descriptor 3 and writes to 4.
            os.dup2(os.dup(to_browser), 13)
            os.dup2(os.dup(from_browser), 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self._process = subprocess.Popen(
            [
                "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
                f"--user-data-dir={self._profile.name}", "about:blank",
            ],
            preexec_fn=connect, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._next = 0
        self.errors = []
        self._others = []
        pages = [t for t in self._call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        self._session = None
        self._session = self._call(
            "Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def _message(self):
        while b"\0" not in self._buffer:
            part = os.read(self._read, 1 << 16)
            if not part:
                raise RuntimeError("chromium has gone")
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _call(self, method, **parameters):
        self._next += 1
        call = {"id": self._next, "method": method, "params": parameters}
        if getattr(self, "_session", None):
            call["sessionId"] = self._session
        os.write(self._write, json.dumps(call).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == self._next:
                if "error" in message:
                    text = message["error"].get("message", "")
                    navigated = "navigated" in text or "context" in text
                    raise (Navigated if navigated else RuntimeError)(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message):
        """Keeps what a console would show in red."""
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"].get("exception", {}).get("description"))
        elif message.get("method") == "Runtime.consoleAPICalled":
            if parameters["type"] in ("error", "warning", "assert"):
                self.errors.append(str(parameters["args"]))
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))

    def size(self, width, height, mobile=False, dark=False):
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=mobile)
        scheme = "dark" if dark else "light"
        self._call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, address):
        self._call("Page.navigate", url=address)

    def another(self, address):
        """Opens a tab beside this one, which stays the one that is asked."""
        session, self._session = self._session, None
        try:
            self._others.append(self._call("Target.createTarget", url=address, background=True)["targetId"])
        finally:
            self._session = session

    def close_others(self):
        session, self._session = self._session, None
        try:
            while self._others:
                self._call("Target.closeTarget", targetId=self._others.pop())
        finally:
            self._session = session

    def before_pages(self, script):
        """Runs a script in every page from the next on, before the page's own."""
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def run(self, script):
        """The value of an expression in the page; promises are waited for."""
        result = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def wait(self, script, seconds=90):
        """Waits until an expression is true; gives its value. Patient: machines may be slow, and nothing else counts."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            try:
                value = self.run(script)
            except Navigated:
                value = None
            if value:
                return value
            time.sleep(0.05)
        raise RuntimeError(f"never true: {script}")

    def shown(self, extra="true"):
        """Waits until the dashboard shows what is chosen now."""
        self.wait(f"""import("/state.js").then(({{ data, link, state }}) =>
            document.body.dataset.shown === link() && ({extra}))""")

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS.get(key, 0))

    def click(self, selector):
        """Clicks on the first element, once it is there and nothing lies over it. What moves meanwhile is not missed."""
        self.wait(f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            if (!found) return false;
            found.scrollIntoView({{ block: "center", inline: "center" }});
            const {{ left, top, width, height }} = found.getBoundingClientRect();
            const hit = document.elementFromPoint(left + width / 2, top + height / 2);
            if (!found.contains(hit)) return false;
            // After the answer, which a click that leads elsewhere would cut off.
            setTimeout(() => found.click());
            return true;
        }})()""")
        try:
            self.run("new Promise((resolve) => setTimeout(resolve))")
        except Navigated:
            pass

    def screenshot(self, path):
        picture = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def close(self):
        self._process.kill()
        self._process.wait()
        self._profile.cleanup()
