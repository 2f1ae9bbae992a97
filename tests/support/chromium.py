"""Debian's Chromium without a window, and a listener that notices whoever connects."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from support.packages import Unavailable

PATIENCE = 60.0  # seconds for whatever a page has to do, on a machine with other work
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # as root; its own sandbox, not that of frames
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # its maker's services, too
    "about:blank",  # or it would begin with a page of its own, and log what that asks for
)
Found = TypeVar("Found")


class Chromium:
    """A browser with an empty profile; `with` starts and ends it. Selenium's driver is `driver`."""

    def __init__(self, *flags: str) -> None:
        browser, server = (shutil.which(name) for name in ("chromium", "chromedriver"))
        if not browser or not server:
            raise Unavailable("there are no chromium and chromedriver here: as root, scripts/browser installs Debian's")
        try:
            from selenium import webdriver
        except ImportError:
            raise Unavailable("selenium is not installed: scripts/test does") from None
        self._profile = tempfile.TemporaryDirectory(prefix="mailbridge-chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*_FLAGS, *flags, f"--user-data-dir={self._profile.name}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self._start = lambda: webdriver.Chrome(options=options, service=webdriver.ChromeService(server))
        self.driver: Any = None

    def __enter__(self) -> Self:
        self.driver = self._start()
        self.driver.set_page_load_timeout(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()
        self._profile.cleanup()

    def open(self, url: str) -> None:
        """Open a page; what was noted before is forgotten."""
        self.driver.switch_to.default_content()
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get(url)

    def hosts(self) -> set[str]:
        """Return whom anything was asked of since the page was opened, as `host:port`."""
        asked: dict[str, str] = {}
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            said = event["params"]
            if event["method"] == "Network.requestWillBeSent":
                asked[said["requestId"]] = said["request"]["url"]
            elif event["method"] == "Network.loadingFailed" and said.get("blockedReason"):
                asked.pop(said["requestId"], None)  # by the browser, before anything was sent
        urls = map(urlsplit, asked.values())
        return {url.netloc for url in urls if url.scheme in ("http", "https", "ws", "wss", "ftp")}

    def eventually(self, look: Callable[[], Found]) -> Found:
        """Return what `look` finds as soon as it finds something; a page that is being loaded is looked at again."""
        from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        wait = WebDriverWait(self.driver, PATIENCE, 0.05, (NoSuchElementException, StaleElementReferenceException))
        return wait.until(lambda _: look())

    def find(self, selector: str) -> Any:
        """Return the first element that a CSS selector matches."""
        return self.driver.find_element("css selector", selector)

    def link(self, text: str) -> Any:
        """Return the link with this text."""
        return self.driver.find_element("link text", text)

    def press(self, selector: str) -> None:
        """Press the mouse where an element is, whatever lies there."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).move_to_element(self.find(selector)).click().perform()

    def type(self, key: str, *, shift: bool = False) -> Any:
        """Type one key, `TAB` or `ENTER`; return the element that has the focus then."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        typing = ActionChains(self.driver)
        if shift:
            typing.key_down(Keys.SHIFT)
        typing.send_keys(getattr(Keys, key))
        if shift:
            typing.key_up(Keys.SHIFT)
        typing.perform()
        return self.driver.switch_to.active_element

    def frame(self) -> Any:
        """Look into the frame with the template's output; return its body."""
        self.driver.switch_to.default_content()
        self.driver.switch_to.frame(self.find("iframe"))
        return self.find("body")

    def page(self) -> None:
        """Look at the page around the frame again."""
        self.driver.switch_to.default_content()


class Canary:
    """A server that nobody should ever speak to: it keeps what whoever connects says first, and answers nothing."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.2)
                try:
                    said = connection.recv(2000)
                except OSError:
                    said = b""
                if said:
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                self.heard.append(said.decode(errors="replace") or "a connection")

    def flush(self) -> list[str]:
        """Return what was heard up to now: connections are taken in order, so one of our own comes last."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as own:
            own.sendall(b"flush")
            own.recv(1)
        heard, self.heard = [each for each in self.heard if each != "flush"], []
        return heard
