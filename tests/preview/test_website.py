"""The pages, asked without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mailbridge.content import Templates
from mailbridge.preview import Catalogue, GivenSamples, application

Ask = Callable[[str], str]


def test_the_first_page_lists_the_templates_with_subjects_samples_locales_and_errors(page: Ask) -> None:
    text = page("/")
    assert "Welcome, Ann" in text
    assert "usual, long" in text
    assert "<td>de</td>" in text
    assert "the variable name is undefined" in text


def test_a_template_is_shown_in_a_frame_that_may_do_nothing(page: Ask) -> None:
    text = page("/template/welcome")
    frame = text[text.index("<iframe") : text.index("</iframe>")]
    assert 'src="/output/welcome"' in frame
    assert " sandbox " in frame  # without a value nothing is allowed
    assert "allow-" not in frame


def test_the_output_has_a_policy_of_its_own(client: TestClient) -> None:
    answer = client.get("/output/welcome")
    assert "<h1>Welcome, Ann</h1>" in answer.text
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "img-src data:", "form-action 'none'", "base-uri 'none'"} <= set(policy)
    assert not any("script" in rule or "allow-" in rule for rule in policy)


def test_remote_images_are_loaded_only_when_that_was_chosen(client: TestClient, folder: Path, page: Ask) -> None:
    (folder / "welcome.html").write_text("<p>{{ user.name }}<img src=https://cdn.example/a.png alt=x>")
    text = page("/template/welcome")
    assert "1 image on other machines, not loaded." in text
    assert 'href="/template/welcome?images=loaded"' in text
    chosen = client.get("/output/welcome?images=loaded").headers["content-security-policy"]
    assert "img-src data: https: http:;" in chosen
    assert "default-src 'none'" in chosen


@pytest.mark.parametrize(
    "address", ["/", "/template/welcome", "/template/account/reset", "/style.css", "/template/nothing"]
)
def test_no_answer_is_kept_framed_or_read_elsewhere(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert headers["cache-control"] == "no-store"
    if headers["content-type"].startswith("text/html"):
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]


def test_the_pages_refer_to_nothing_but_their_own_server(page: Ask) -> None:
    for address in ("/", "/template/welcome", "/style.css", "/script.js"):
        assert "http://" not in page(address)
        assert "//cdn" not in page(address)
        assert "url(" not in page(address)


def test_text_is_shown_as_text(page: Ask) -> None:
    text = page("/template/welcome?tab=text&sample=long")
    assert "Welcome, Maximiliane &lt;b&gt;: https://example.com/confirm" in text
    assert "<b>" not in text


def test_source_has_a_numbered_line_for_each(page: Ask, folder: Path) -> None:
    (folder / "welcome.html").write_text("<p>\n{{ user.name }}\n</p>")
    text = page("/template/welcome?tab=source")
    assert '<li value="2"><code>Ann</code></li>' in text
    assert "<code>&lt;p&gt;</code>" in text


def test_links_are_listed_and_only_real_ones_can_be_opened(page: Ask, folder: Path) -> None:
    (folder / "welcome.html").write_text(
        "{{ user.name }}<a href='https://example.com/x'>Go <b>on</b></a><a href='javascript:alert(1)'>Bad</a>"
    )
    text = page("/template/welcome?tab=links")
    assert "<td>Go on</td>" in text
    assert 'href="https://example.com/x" target="_blank" rel="noopener noreferrer"' in text
    assert "<code>javascript:alert(1)</code>" in text
    assert 'href="javascript' not in text


def test_headers_have_subject_sizes_and_remarks(page: Ask, folder: Path) -> None:
    (folder / "welcome.html").write_text("{{ user.name }}<p>" + "x" * 105_000)
    text = page("/template/welcome?tab=headers")
    assert "<td>Welcome, Ann</td>" in text
    assert "102.5 KB" in text
    assert "Gmail shows the first 102.0 KB and clips the rest" in text


def test_sample_and_locale_are_chosen_by_the_address(page: Ask) -> None:
    assert "Willkommen, Änne" in page("/template/welcome?locale=de")
    assert "Maximiliane" in page("/output/welcome?sample=long")
    assert "Willkommen, Änne" in page("/output/welcome?locale=de")


def test_what_does_not_exist_gives_way_to_what_does(page: Ask) -> None:
    assert page("/template/welcome?sample=nosuch&locale=xx&tab=1&width=&scheme=%00") == page("/template/welcome")


def test_every_choice_is_a_link_and_the_chosen_one_says_so(page: Ask) -> None:
    text = page("/template/welcome?width=mobile&locale=de")
    assert '<a href="/template/welcome?locale=de&amp;width=mobile" aria-current="true">Mobile</a>' in text
    assert '<a href="/template/welcome?locale=de">Desktop</a>' in text
    assert '<a href="/template/welcome?locale=de&amp;width=mobile" aria-current="page">HTML</a>' in text


def test_a_template_of_text_alone_is_shown_as_text(page: Ask, folder: Path) -> None:
    (folder / "note.txt").write_text("Only text")
    text = page("/template/note")
    assert '<pre class="text" tabindex="0">Only text' in text
    assert '<a href="/template/note" aria-current="page">Text</a>' in text
    assert "This template has no HTML." in page("/template/note?tab=html")


def test_an_error_is_shown_with_its_place_and_what_the_sample_lacks(page: Ask) -> None:
    text = page("/template/account/reset")
    assert '<h2 id="error">VariableUndefined</h2>' in text
    assert "account/reset.txt, line 2" in text
    assert '<li class="wrong" aria-label="line 2, here" value="2"><code>{{ name }}</code></li>' in text
    assert "<code>reset.sample.toml</code>" in text
    assert "code = &#34;…&#34;\nname = &#34;…&#34;" in text


def test_a_broken_template_recovers_when_it_is_mended(page: Ask, folder: Path) -> None:
    good = (folder / "welcome.html").read_text()
    (folder / "welcome.html").write_text("<p>{% if %}")
    assert "TemplateBroken" in page("/template/welcome")
    (folder / "welcome.html").write_text(good)
    assert "<iframe" in page("/template/welcome")


def test_a_sample_file_that_cannot_be_read_is_an_error_of_its_template_alone(page: Ask, folder: Path) -> None:
    (folder / "account/reset.sample.toml").write_text("name = Ann")
    text = page("/template/account/reset")
    assert "ConfigError" in text
    assert "reset.sample.toml is not TOML" in text
    assert "Welcome, Ann" in page("/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\xff\xfe{{ x }}", "UTF-8|utf-8"),
        (b"{{ 1 / 0 }}", "ZeroDivisionError"),
        (b"{% include 'odd.txt' %}", "RecursionError"),
        (b"{{ 'x'|nofilter }}", "nofilter"),
        (b"{% extends '../../../etc/passwd' %}", "TemplateMissing"),
        (b"{{ ", "TemplateBroken"),
        (b" ", "neither text nor HTML"),
    ],
    ids=str,
)
def test_whatever_is_wrong_with_a_template_is_told_on_its_page_alone(
    page: Ask, folder: Path, text: bytes, said: str
) -> None:
    (folder / "odd.txt").write_bytes(text)
    shown = page("/template/odd")
    assert re.search(said, shown[shown.index('class="error"') :])
    assert "root:" not in shown
    assert "Welcome, Ann" in page("/")


def test_a_template_that_comes_is_listed_and_one_that_goes_is_not(client: TestClient, folder: Path, page: Ask) -> None:
    (folder / "bye.txt").write_text("Bye")
    assert ">bye</a>" in page("/")
    (folder / "bye.txt").unlink()
    assert ">bye</a>" not in page("/")
    assert client.get("/template/bye").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/template/../../etc/passwd",
        "/template/%2e%2e/%2e%2e/etc/passwd",
        "/template/..%2f..%2fetc%2fpasswd",
        "/template//etc/passwd",
        "/output/%2fetc%2fpasswd",
        "/output/_layout",
        "/output/welcome%00",
        "/layout.html",
        "/assets/style.css",
        "/../pages.py",
        "/welcome.sample.toml",
    ],
)
def test_only_templates_and_the_files_of_the_page_can_be_asked_for(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_done_but_looked_at(client: TestClient, method: str) -> None:
    answer = client.request(method, "/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_an_image_that_travels_with_the_message_is_shown(folder: Path, page: Ask) -> None:
    png = bytes.fromhex("89504e470d0a1a0a")
    (folder / "logo.png").write_bytes(png)
    (folder / "welcome.html").write_text("""{{ user.name }}<img src='{{ image("logo.png") }}' alt='Logo'>""")
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in page("/output/welcome").replace("'", '"')


def test_samples_may_come_out_of_python_with_objects(folder: Path) -> None:
    class User:
        name = "Zoë"

    catalogue = Catalogue(Templates(folder), GivenSamples({"welcome": {"user": User(), "link": "https://example.com"}}))
    client = TestClient(application(catalogue), base_url="http://localhost")
    assert "Welcome, Zoë" in client.get("/output/welcome").text


def test_templates_that_lie_in_no_folder_are_shown_too() -> None:
    templates = Templates.from_strings({"note.txt": "{{ name }}: {{ code }}"})
    client = TestClient(
        application(Catalogue(templates, GivenSamples({"note": {"name": "Ann"}}))), base_url="http://localhost"
    )
    text = client.get("/template/note").text
    assert "VariableUndefined" in text
    assert "<code>samples[&#39;note&#39;]</code>" in text
    assert "code = &#34;…&#34;" in text


def test_hostile_names_and_values_are_text_on_the_page(folder: Path, page: Ask) -> None:
    (folder / "a<img src=x onerror=alert(1)>.txt").write_text("x")
    (folder / "welcome.subject.txt").write_text("<script>alert(1)</script>{{ user.name }}")
    text = page("/") + page("/template/welcome")
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;Ann" in text


@pytest.mark.parametrize("address", ["/", "/template/welcome", "/output/welcome", "/style.css"])
def test_no_other_site_can_read_or_embed_an_answer(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
