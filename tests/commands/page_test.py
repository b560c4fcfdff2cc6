"""The server's page in a browser, where Chromium is installed: asked over its debugging pipe."""
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import serve_protocols_test as protocols

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome")
                if (path := shutil.which(name))), None)


class Browser:
    """One page of a headless Chromium; messages are JSON that ends in NUL (file descriptors 3, 4)."""

    def __init__(self, folder):
        read_end, self.write = os.pipe()
        self.read, write_end = os.pipe()
        keep = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                f"--user-data-dir={folder / 'browser'}", "--window-size=1200,900", "about:blank"]
        moves = f"exec 3<&{read_end} 4>&{write_end}; exec \"$@\""
        self.process = subprocess.Popen(["bash", "-c", moves, "bash", *keep],
                                        pass_fds=(read_end, write_end), stderr=subprocess.DEVNULL)
        os.close(read_end)
        os.close(write_end)
        self.rest, self.number, self.session, self.faults = b"", 0, None, []
        pages = self.call("Target.getTargets")["targetInfos"]
        page = next(page["targetId"] for page in pages if page["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.write)
        os.close(self.read)

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.read, 65536)
            if not part:
                raise AssertionError("the browser has gone")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write, json.dumps(request).encode() + b"\0")
        while True:
            said = self.message()
            if said.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.faults.append(said["params"])
            if said.get("id") == self.number:
                if "error" in said:
                    raise AssertionError(said["error"])
                return said["result"]

    def evaluate(self, text):
        said = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise AssertionError(said["exceptionDetails"])
        return said["result"].get("value")

    def wait(self, text, seconds=20):
        """Until the expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(f"!!({text})"):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {text}\n{self.evaluate('document.body.innerText')}")
            time.sleep(0.05)

    def click(self, name):
        self.evaluate("[...document.querySelectorAll('button')].find((b) => b.textContent === "
                      + json.dumps(name) + ").click()")

    def mouse(self, kind, x, y):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                  buttons=0 if kind == "mouseReleased" else 1, clickCount=1)

    def press(self, key, times=1):
        code = {" ": 32, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}[key]
        for _ in range(times):
            for kind in ("rawKeyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)


class InBrowser:
    def setUp(self):
        self.browser = Browser(self.folder)
        self.addCleanup(self.browser.close)
        self.browser.call("Page.navigate", url=f"http://127.0.0.1:{self.port}/")
        self.browser.wait("document.querySelector('#tiles > *')")

    def faults(self):
        """What the page did wrong: exceptions, and what its policy or the server refused."""
        return [fault for fault in self.browser.faults
                if "status of 404" not in json.dumps(fault)]  # models without statistics or samples

    def check_all_protocols(self):
        browser = self.browser
        browser.click("JSON")
        for index in range(3):
            browser.evaluate(f"byId('protocol').value = {index};"
                             "byId('protocol').dispatchEvent(new Event('change'))")
            before = browser.evaluate("own.count")
            browser.click("Send")
            browser.wait(f"own.count > {before}")
            self.assertIsNone(browser.evaluate("document.querySelector('.error')?.textContent"))


class Drawing(InBrowser, protocols.Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]
        cls.start()

    def test_a_drawing_is_answered_by_five_labels(self):
        browser = self.browser
        box = browser.evaluate("(({x, y}) => ({x, y}))(document.querySelector('canvas.pen').getBoundingClientRect())")
        self.assertIn("Draw something", browser.evaluate("document.body.innerText"))
        browser.mouse("mousePressed", box["x"] + 140, box["y"] + 50)
        for step in range(1, 19):
            browser.mouse("mouseMoved", box["x"] + 140, box["y"] + 50 + 10 * step)
        browser.mouse("mouseReleased", box["x"] + 140, box["y"] + 230)
        browser.wait("document.querySelectorAll('.bars li').length === 5")
        shares = browser.evaluate("[...document.querySelectorAll('.share')].map((s) => parseFloat(s.textContent))")
        self.assertEqual(shares, sorted(shares, reverse=True))
        browser.click("Clear")
        browser.wait("document.querySelectorAll('.bars li').length === 0")
        self.assertEqual(self.faults(), [])

    def test_it_can_be_drawn_with_the_keyboard(self):
        browser = self.browser
        browser.evaluate("document.querySelector('canvas.pen').focus()")
        browser.press("ArrowUp", 8)
        browser.press(" ")
        browser.press("ArrowDown", 16)
        browser.wait("document.querySelectorAll('.bars li').length === 5")
        browser.press("Escape")
        browser.wait("document.querySelectorAll('.bars li').length === 0")

    def test_an_image_file_is_answered(self):
        browser = self.browser
        browser.click("Image file")
        browser.evaluate("""(async () => {
          const canvas = make("canvas", {width: 28, height: 28});
          canvas.getContext("2d").fillRect(0, 0, 28, 28);
          const blob = await new Promise((done) => canvas.toBlob(done));
          const files = new DataTransfer();
          files.items.add(new File([blob], "digit.png", {type: "image/png"}));
          byId("file").files = files.files;
          byId("file").dispatchEvent(new Event("change"));
        })()""")
        browser.wait("document.querySelectorAll('.bars li').length === 5")
        self.assertTrue(browser.evaluate("document.querySelector('.drop img').naturalWidth === 28"))
        self.assertEqual(self.faults(), [])

    def test_every_prefilled_request_is_taken(self):
        self.check_all_protocols()
        self.assertEqual(self.faults(), [])


class Form(InBrowser, protocols.Table):
    def test_the_form_says_what_predict_says(self):
        browser = self.browser
        browser.wait("document.querySelector('.number')")
        browser.evaluate("document.querySelector('.fields input').value = 3;"
                         "document.querySelector('.fields select').value = 'red';")
        before = browser.evaluate("own.count")
        browser.click("Predict")
        browser.wait(f"own.count > {before}")
        found = float(browser.evaluate("document.querySelector('.number').textContent"))
        self.assertAlmostEqual(found, self.predicted({"x": 3, "colour": "red"}), places=4)
        self.assertEqual(self.faults(), [])

    def test_every_prefilled_request_is_taken(self):
        self.check_all_protocols()

    def test_every_field_has_a_label(self):
        self.assertTrue(self.browser.evaluate(
            "[...document.querySelectorAll('main input:not([hidden]), main select, main textarea')].every((f) => f.labels.length > 0)"))

    test_all_protocols_say_what_predict_says = test_a_wrong_cell_is_named = None  # of Table


if __name__ == "__main__":
    if BROWSER is None:
        print("skipped: no chromium is installed; fix: apt-get install chromium")
        sys.exit(77)
    unittest.main()
