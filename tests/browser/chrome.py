"""Chromium by plain WebDriver calls: just what the portal's tests need of a browser."""

from __future__ import annotations

import base64
import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from local.processes import free_ports

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER = "\ue004", "\ue007"


def missing() -> str | None:
    """Why no browser can be started here; None when one can."""
    absent = [
        name for name, path in (("Chromium", _chromium()), ("chromedriver", shutil.which("chromedriver"))) if not path
    ]
    return f"{' and '.join(absent)} not found on the path" if absent else None


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path), None)


class Chrome:
    """One tab. Elements are found by CSS selector."""

    def __init__(self, driver: str) -> None:
        self._http = httpx.Client(base_url=driver, timeout=60.0, trust_env=False)
        self._session = ""

    def open_session(self, profile: str) -> None:
        """A fresh browser."""
        options = {"binary": _chromium(), "args": [*_FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._http.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{_value(answer)['sessionId']}"

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(httpx.HTTPError):
            self._http.delete(self._session or "/session/none")
        self._http.close()

    def _post(self, path: str, **body: Any) -> Any:
        return _value(self._http.post(self._session + path, json=body))

    def _get(self, path: str) -> Any:
        return _value(self._http.get(self._session + path))

    def cdp(self, command: str, **params: Any) -> Any:
        """A DevTools command."""
        return self._post("/goog/cdp/execute", cmd=command, params=params)

    def bearer(self, token: str | None) -> None:
        """Send this token with every request from now on, as a gateway in front of the service would."""
        self.cdp("Network.enable")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.cdp("Network.setExtraHTTPHeaders", headers=headers)

    def size(self, width: int, height: int) -> None:
        """A screen of this size."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def go(self, address: str) -> None:
        """Open a page and wait until it has loaded."""
        self._post("/url", url=address)

    @property
    def address(self) -> str:
        """Where we are."""
        return str(self._get("/url"))

    @property
    def title(self) -> str:
        """The document's title."""
        return str(self._get("/title"))

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script in the page answers; it runs beside the page, so its policy does not hinder it."""
        return self._post("/execute/sync", script=script, args=list(arguments))

    def find(self, selector: str) -> str:
        """The first element's handle; AssertionError when there is none."""
        return str(self._post("/element", using="css selector", value=selector)[_ELEMENT])

    def text(self, selector: str) -> str:
        """What a person reads there."""
        return str(self._get(f"/element/{self.find(selector)}/text"))

    def click(self, selector: str) -> None:
        """As a mouse would."""
        self._post(f"/element/{self.find(selector)}/click")

    def follow(self, selector: str, seconds: float = 15) -> None:
        """Click what leads to another page, and wait until that page has loaded."""
        self.run("document.documentElement.dataset.left = 'yes'")
        self.click(selector)
        until = time.monotonic() + seconds
        arrived = "return document.readyState === 'complete' && !document.documentElement.dataset.left"
        while not self.run(arrived):
            if time.monotonic() > until:
                raise AssertionError(f"Clicking {selector} led nowhere from {self.address}.")
            time.sleep(0.05)

    def type(self, selector: str, text: str) -> None:
        """Into a field."""
        self._post(f"/element/{self.find(selector)}/value", text=text)

    def press(self, keys: str) -> None:
        """To whatever has the focus."""
        self._post(f"/element/{self._get('/element/active')[_ELEMENT]}/value", text=keys)

    def complaints(self) -> list[str]:
        """What the console said at warning or above since last asked; policy violations are among it."""
        said = self._post("/se/log", type="browser")
        return [one["message"] for one in said if one["level"] in ("WARNING", "SEVERE")]

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page."""
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole=whole))
        return base64.b64decode(shot["data"])

    def _clip(self, *, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        box = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": box["width"], "height": min(box["height"], 6000), "scale": 1}}


def _value(answer: httpx.Response) -> Any:
    value = answer.json()["value"]
    if answer.status_code >= 400:
        raise AssertionError(f"The browser refused: {value['error']}: {value['message'].splitlines()[0]}")
    return value


@contextmanager
def browser() -> Iterator[Chrome]:
    """A browser of our own; it, its driver and its profile are gone afterwards."""
    port = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="chrome-", ignore_cleanup_errors=True) as profile:
        driver = subprocess.Popen(
            [str(shutil.which("chromedriver")), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        chrome = Chrome(f"http://127.0.0.1:{port}")
        try:
            _wait(chrome, driver)
            chrome.open_session(profile)
            yield chrome
        finally:
            chrome.close()
            driver.terminate()
            driver.wait(10)


def _wait(chrome: Chrome, driver: subprocess.Popen[bytes], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and driver.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            chrome._http.get("/status")
            return
        time.sleep(0.05)
    raise AssertionError("chromedriver did not start.")
