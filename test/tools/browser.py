"""A chromium without a window, driven by its DevTools protocol over pipes."""
import base64, fcntl, json, os, shutil, subprocess, tempfile

PROGRAM = shutil.which("chromium")

# Resolves when the function says true; it is called again after each change of the document.
UNTIL = """(condition => new Promise((resolve, reject) => {
  const look = () => { try { if (condition()) { observer.disconnect(); resolve(true); } } catch (e) { reject(e); } };
  const observer = new MutationObserver(look);
  observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  look();
}))(() => %s)"""


class Browser:
    """One page. Ends with `close`; its profile is a temporary folder."""

    def __init__(self, width, height):
        self.profile = tempfile.mkdtemp()
        for_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()

        def connect():
            """It reads commands from descriptor 3, and writes to 4."""
            high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (for_browser, from_browser)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--no-sandbox",
             "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
             "--disable-component-update", f"--user-data-dir={self.profile}", "about:blank"],
            env={**os.environ, "HOME": self.profile, "TMPDIR": self.profile}, preexec_fn=connect, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(for_browser)
        os.close(from_browser)
        self.bytes, self.number, self.session, self.events = b"", 0, None, []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def receive(self):
        while b"\0" not in self.bytes:
            more = os.read(self.input, 65536)
            if not more:
                raise EOFError("the browser has ended")
            self.bytes += more
        message, _, self.bytes = self.bytes.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for_load()

    def follow(self, code):
        """Run code that leads to another page."""
        self.events.clear()
        self.run(code)
        self.wait_for_load()

    def wait_for_load(self):
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def run(self, code):
        """The value of an expression; of a promise, what it resolves to."""
        result = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{code}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, condition):
        self.run(UNTIL % condition)

    def complaints(self):
        """What the page has logged as errors, and exceptions."""
        return [event["params"] for event in self.events if event.get("method") == "Runtime.exceptionThrown" or
                event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"]

    def picture(self, file):
        with open(file, "wb") as out:
            out.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.output)
        os.close(self.input)
        shutil.rmtree(self.profile, ignore_errors=True)
