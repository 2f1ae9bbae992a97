"""The preview in a real browser: what it shows, and what a template's output cannot do."""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.chromium import Canary, Chromium

from mailbridge.content import Templates
from mailbridge.preview import Catalogue
from mailbridge.preview.server import Server

WELCOME = """<!doctype html><html><head><style>
body { background: #fff } @media (prefers-color-scheme: dark) { body { background: rgb(1, 2, 3) } }
@media (max-width: 375px) { h1 { color: rgb(4, 5, 6) } } @media (max-width: 374px) { h1 { color: red } }
.tall { height: 3000px }
</style></head><body><h1>Welcome, {{ name }}</h1><p><a href="https://example.com/x">Confirm</a>
<div class="tall"></div>"""

HOSTILE = """<!doctype html><html><head>
<link rel="preconnect" href="http://HOST/preconnect"><LINK rel="dns-prefetch" href="http://HOST/dns">
<link rel="prefetch" href="http://HOST/prefetch"><link rel="preload" as="image" href="http://HOST/preload">
<link rel="prerender" href="http://HOST/prerender"><link rel="modulepreload" href="http://HOST/modulepreload">
<link rel="stylesheet" href="http://HOST/stylesheet"><link rel="icon" href="http://HOST/icon">
<link rel="manifest" href="http://HOST/manifest"><link/rel="preconnect"/href="http://HOST/slashes">
<base href="http://HOST/base/"><meta http-equiv="refresh" content="0;url=http://HOST/refresh">
<meta http-equiv="Content-Security-Policy" content="default-src *">
<style>@import "http://HOST/import"; @font-face { font-family: x; src: url(http://HOST/font) }
body { font-family: x; background: url(http://HOST/background) } li { list-style: url(http://HOST/list) }
p { cursor: url(http://HOST/cursor), auto; content: url(http://HOST/content) }</style>
<script>document.documentElement.dataset.ran = "inline"; parent.document.title = "ran"; top.location = "http://HOST/top";
fetch("http://HOST/fetch"); open("http://HOST/open")</script>
<script src="http://HOST/script"></script><script type="module">document.documentElement.dataset.ran = "module"</script>
<script type="speculationrules">{"prefetch": [{"source": "list", "urls": ["http://HOST/speculation"]}]}</script>
</head><body onload="document.documentElement.dataset.ran = 'onload'" background="http://HOST/attribute">
<h1>Hello {{ name }}</h1>
<img src="http://HOST/img" srcset="http://HOST/srcset 2x" onerror="document.documentElement.dataset.ran = 'onerror'">
<img src="relative.png"><picture><source srcset="http://HOST/source"><img src="data:,"></picture>
<p style="background: url(http://HOST/style)">x</p><ul><li>x</ul>
<svg onload="document.documentElement.dataset.ran = 'svg'"><image href="http://HOST/svg"/><use href="http://HOST/use#a"/>
<script>document.documentElement.dataset.ran = 'svg script'</script></svg>
<iframe src="http://HOST/iframe"></iframe>
<iframe srcdoc="<img src=http://HOST/srcdoc>
<script>top.name='ran'</script>"></iframe>
<iframe src="javascript:top.name='ran'"></iframe><object data="http://HOST/object"></object>
<embed src="http://HOST/embed">
<video poster="http://HOST/poster" src="http://HOST/video" autoplay></video>
<audio src="http://HOST/audio" autoplay></audio>
<video><track src="http://HOST/track" default></video><input type="image" src="http://HOST/input">
<details open ontoggle="document.documentElement.dataset.ran = 'toggle'">x</details>
<input autofocus onfocus="document.documentElement.dataset.ran = 'focus'">
<a id="plain" href="http://HOST/plain" ping="http://HOST/ping">plain</a>
<a id="blank" target="_blank" href="http://HOST/blank">blank</a>
<a id="top" target="_top" href="http://HOST/totop">top</a>
<a id="js" href="javascript:document.documentElement.dataset.ran='href'">js</a>
<a id="ours" target="_top" href="/">ours</a> <a id="download" download href="http://HOST/download">download</a>
<form action="http://HOST/form"><button id="submit">Send</button></form>
<form action="http://HOST/form" target="_top" method="post"><button id="post">Send</button></form>
</body></html>"""

IMAGES = {
    "img",
    "srcset",
    "source",
    "style",
    "background",
    "attribute",
    "list",
    "cursor",
    "content",
    "svg",
    "poster",
    "input",
}
"""Paths that are asked for when remote images are let in."""

STOPS = "usual other HTML Text Source Links Headers Desktop Mobile Light Dark iframe".split()
"""What the keyboard comes by in the page of a template."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/welcome.html").write_text(WELCOME)
    (tmp_path / "mail/welcome.txt").write_text("Dear {{ name }},\nwelcome.")
    (tmp_path / "mail/welcome.subject.txt").write_text("Welcome, {{ name }}")
    (tmp_path / "mail/welcome.sample.toml").write_text('name = "Ann"\n[samples.usual]\n[samples.other]\nname = "Bo"\n')
    return tmp_path / "mail"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with Server(Catalogue(Templates(folder, inline_css=False)), port=0) as server:
        yield server.url


@pytest.fixture
def canary() -> Iterator[Canary]:
    with Canary() as listening:
        yield listening


@pytest.fixture(autouse=True)
def _one_window(chromium: Chromium) -> Iterator[None]:
    """Close what a test has opened, and forget what it has pretended."""
    yield
    chromium.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    chromium.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    first, *others = chromium.driver.window_handles
    for other in others:
        chromium.driver.switch_to.window(other)
        chromium.driver.close()
    chromium.driver.switch_to.window(first)
    chromium.driver.get("about:blank")


def hostile(folder: Path, canary: Canary) -> str:
    """Write the template that tries everything; return it as it would be sent."""
    text = HOSTILE.replace("HOST", f"localhost:{canary.port}")
    (folder / "hostile.html").write_text(text)
    (folder / "hostile.sample.toml").write_text('name = "Ann"')
    return text.replace("{{ name }}", "Ann")


def test_the_tabs_show_html_text_source_links_and_headers(chromium: Chromium, url: str) -> None:
    chromium.open(url)
    assert chromium.find("td").text == "Welcome, Ann"
    chromium.find("nav.templates a").click()
    assert chromium.frame().find_element("css selector", "h1").text == "Welcome, Ann"
    for tab, shown in {
        "Text": "Dear Ann,\nwelcome.",
        "Source": "<!doctype html>",
        "Links": "https://example.com/x",
        "Headers": "Characters in the subject",
    }.items():
        chromium.page()
        chromium.driver.find_element("partial link text", tab).click()
        assert shown in chromium.find("main").text
        assert chromium.find(".tabs [aria-current=page]").text.startswith(tab)


def test_a_telephone_is_375_pixels_wide_to_the_template(chromium: Chromium, url: str) -> None:
    chromium.open(f"{url}template/welcome?width=mobile")
    assert chromium.find("iframe").size["width"] == 375
    body = chromium.frame()
    widths = chromium.driver.execute_script("return [innerWidth, document.documentElement.clientWidth]")
    assert widths == [375, 375]
    assert body.find_element("css selector", "h1").value_of_css_property("color") == "rgba(4, 5, 6, 1)"
    chromium.page()
    picture = b64decode(chromium.find("iframe").screenshot_as_base64)
    assert struct.unpack(">I", picture[16:20]) == (375,)


def test_a_desktop_is_as_wide_as_the_window_lets_it(chromium: Chromium, url: str) -> None:
    chromium.open(f"{url}template/welcome")
    assert chromium.find("iframe").size["width"] > 800


@pytest.mark.parametrize("around", ["light", "dark"])
@pytest.mark.parametrize(("scheme", "colour"), [("light", "255, 255, 255"), ("dark", "1, 2, 3")])
def test_the_scheme_of_the_template_is_chosen_whatever_that_of_the_page_is(
    chromium: Chromium, url: str, scheme: str, colour: str, around: str
) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": around}]}
    chromium.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    chromium.open(f"{url}template/welcome?scheme={scheme}")
    assert chromium.frame().value_of_css_property("background-color") == f"rgba({colour}, 1)"


@pytest.mark.catalogue("A27")
def test_nothing_of_a_template_reaches_another_machine(
    chromium: Chromium, url: str, folder: Path, canary: Canary
) -> None:
    hostile(folder, canary)
    for address in ("", *(f"template/hostile?tab={tab}" for tab in ("html", "text", "source", "links", "headers"))):
        chromium.open(url + address)
        assert chromium.hosts() == {urlsplit(url).netloc}
    for address in ("template/hostile?width=mobile&scheme=dark", "output/hostile"):
        chromium.open(url + address)
        chromium.eventually(lambda: chromium.driver.execute_script("return document.readyState") == "complete")
        assert chromium.hosts() == {urlsplit(url).netloc}
    assert canary.flush() == []


@pytest.mark.usefixtures("chromium")  # which says why there is none
@pytest.mark.parametrize("images", ["blocked", "loaded"])
@pytest.mark.catalogue("A27")
def test_the_log_of_the_browser_s_whole_network_names_no_other_machine(
    url: str, folder: Path, canary: Canary, tmp_path: Path, images: str
) -> None:
    """It has frames, look-ups of names and connections too; where images are let in, it names the machine."""
    hostile(folder, canary)
    log = tmp_path / "network.json"
    with Chromium(f"--log-net-log={log}") as browser:
        browser.open(f"{url}template/hostile?width=mobile&images={images}")
        browser.open(f"{url}output/hostile?images={images}")
    text = log.read_text(errors="replace")
    assert f"{urlsplit(url).netloc}/output/hostile" in text
    assert (f"localhost:{canary.port}" in text) is (images == "loaded")


def test_images_of_other_machines_are_loaded_when_that_was_chosen(
    chromium: Chromium, url: str, folder: Path, canary: Canary
) -> None:
    """And with it: the canary hears what is let through, so its silence elsewhere means something."""
    hostile(folder, canary)
    chromium.open(f"{url}template/hostile")
    assert re.match(r"\d+ images on other machines, not loaded", chromium.find(".remote").text)
    chromium.link("Load them").click()
    heard: list[str] = []

    def image_asked() -> bool:
        heard.extend(each for each in canary.flush() if each.startswith("GET"))
        return any("/img" in each for each in heard)

    chromium.eventually(image_asked)
    paths = {each.split()[1].strip("/") for each in heard}
    assert paths <= IMAGES
    assert not [each for each in heard if "referer:" in each.lower() or "cookie:" in each.lower()]


@pytest.mark.catalogue("A27")
def test_no_script_of_a_template_runs(chromium: Chromium, url: str, folder: Path, canary: Canary) -> None:
    hostile(folder, canary)
    chromium.open(f"{url}template/hostile")
    title = chromium.driver.title
    body = chromium.frame()
    assert body.find_element("css selector", "h1").text == "Hello Ann"
    assert chromium.find("html").get_attribute("data-ran") is None
    chromium.page()
    assert (chromium.driver.title, chromium.driver.execute_script("return window.name")) == (title, "")
    chromium.open(f"{url}output/hostile")  # and alone, without the frame
    assert chromium.find("html").get_attribute("data-ran") is None
    assert chromium.driver.current_url == f"{url}output/hostile"


def test_the_hostile_template_would_run_scripts_if_it_could(
    chromium: Chromium, folder: Path, canary: Canary, tmp_path: Path
) -> None:
    """Its scripts are no dummies: opened as a file, it changes itself and asks the canary."""
    text = hostile(folder, canary).replace("top.location", "window.nothing").replace('http-equiv="refresh"', "")
    (tmp_path / "hostile.html").write_text(text.replace("default-src *", "default-src * 'unsafe-inline'"))
    chromium.open((tmp_path / "hostile.html").as_uri())
    assert chromium.find("html").get_attribute("data-ran")
    assert chromium.eventually(canary.flush)


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
@pytest.mark.parametrize("name", ["plain", "blank", "top", "js", "ours", "download", "submit", "post"])
@pytest.mark.catalogue("A27")
def test_what_is_pressed_in_a_template_leads_nowhere(
    chromium: Chromium, url: str, folder: Path, canary: Canary, name: str, by: str
) -> None:
    hostile(folder, canary)
    chromium.open(f"{url}template/hostile")
    chromium.frame()
    if by == "mouse":
        chromium.press(f"#{name}")
    else:
        chromium.driver.execute_script("document.getElementById(arguments[0]).focus()", name)
        assert chromium.type("ENTER").get_attribute("id") == name
    assert chromium.find("h1").text == "Hello Ann"  # still there
    assert chromium.find("html").get_attribute("data-ran") is None
    chromium.page()
    assert chromium.driver.current_url == f"{url}template/hostile"
    assert len(chromium.driver.window_handles) == 1
    assert chromium.hosts() == {urlsplit(url).netloc}
    assert canary.flush() == []


def test_a_link_of_the_list_opens_in_another_tab_that_knows_nothing_of_us(
    chromium: Chromium, url: str, folder: Path, canary: Canary
) -> None:
    hostile(folder, canary)
    chromium.open(f"{url}template/hostile?tab=links")
    assert "javascript:" not in {
        link.get_attribute("protocol") for link in chromium.driver.find_elements("tag name", "a")
    }
    chromium.find(f'main a[href="http://localhost:{canary.port}/plain"]').click()
    said = chromium.eventually(lambda: [each for each in canary.flush() if each.startswith("GET")])
    assert said[0].startswith("GET /plain ")
    assert "referer" not in said[0].lower()
    assert chromium.driver.current_url == f"{url}template/hostile?tab=links"


def test_the_page_is_shown_anew_when_a_file_changes(chromium: Chromium, url: str, folder: Path) -> None:
    chromium.open(f"{url}template/welcome?tab=text&sample=other")
    assert chromium.find("pre").text == "Dear Bo,\nwelcome."
    (folder / "welcome.txt").write_text("Dearest {{ name }}")
    chromium.eventually(lambda: chromium.find("pre").text == "Dearest Bo")
    (folder / "welcome.sample.toml").write_text('name = "Cleo"')
    chromium.eventually(lambda: chromium.find("pre").text == "Dearest Cleo")


def test_a_broken_template_shows_its_error_and_recovers(chromium: Chromium, url: str, folder: Path) -> None:
    chromium.open(f"{url}template/welcome?tab=text")
    (folder / "welcome.txt").write_text("Dear {{ name }},\n{% if paid %}\nthank you for {{ order.number }}.")
    chromium.eventually(lambda: chromium.find("#error").text == "TemplateBroken")
    (folder / "welcome.txt").write_text("Dear {{ name }},\nthank you for {{ order.number }}.")
    chromium.eventually(lambda: chromium.find("#error").text == "VariableUndefined")
    assert chromium.find("figcaption").text == "welcome.txt, line 2"
    assert chromium.find("li.wrong").text == "thank you for {{ order.number }}."
    snippet = chromium.find(".snippet").text
    samples = folder / "welcome.sample.toml"
    samples.write_text(f"{snippet}\n{samples.read_text()}")
    chromium.eventually(lambda: "thank you for …" in chromium.find("pre.text").text)


def test_everything_is_reached_by_the_keyboard(chromium: Chromium, url: str) -> None:
    chromium.open(f"{url}template/welcome")
    skip = chromium.type("TAB")
    assert (skip.text, skip.is_displayed()) == ("Skip to the template", True)
    assert chromium.type("ENTER").get_attribute("id") == "main"
    walked = [chromium.type("TAB") for _ in range(12)]
    assert [each.text or each.tag_name for each in walked] == STOPS
    for _ in range(3):
        chromium.type("TAB", shift=True)
    chromium.type("ENTER")
    chromium.eventually(lambda: chromium.driver.current_url == f"{url}template/welcome?width=mobile")


def test_without_scripts_everything_but_the_following_works(chromium: Chromium, url: str) -> None:
    chromium.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    chromium.open(f"{url}template/welcome")
    chromium.link("Mobile").click()
    chromium.link("Dark").click()
    assert chromium.driver.current_url == f"{url}template/welcome?width=mobile&scheme=dark"
    assert chromium.find("iframe").size["width"] == 375
    assert chromium.frame().value_of_css_property("background-color") == "rgba(1, 2, 3, 1)"


def test_a_page_elsewhere_cannot_show_or_read_it(chromium: Chromium, url: str, tmp_path: Path) -> None:
    (tmp_path / "evil.html").write_text(
        f"<iframe id=a src='{url}'></iframe><iframe id=b src='{url}output/welcome'></iframe><p id=said></p><script>"
        f"fetch('{url}').then(r => r.text(), e => 'refused').then(t => said.textContent = t)</script>"
    )
    chromium.open((tmp_path / "evil.html").as_uri())
    assert chromium.eventually(lambda: chromium.find("#said").text) == "refused"
    for frame in ("a", "b"):
        chromium.page()
        chromium.driver.switch_to.frame(chromium.find(f"#{frame}"))
        assert "Welcome" not in chromium.find("body").text


def test_the_browser_has_nothing_to_complain_of(chromium: Chromium, url: str) -> None:
    chromium.open("about:blank")
    chromium.driver.get_log("browser")
    for address in ("", "template/welcome", "template/welcome?tab=source"):
        chromium.open(url + address)
        chromium.eventually(lambda: chromium.find("#state").text == "Follows changes")
    assert [entry["message"] for entry in chromium.driver.get_log("browser")] == []
