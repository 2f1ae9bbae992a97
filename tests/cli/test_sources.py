"""Where `send` takes messages from."""

import io
import json

import pytest

from mailbridge.cli.sources import Reader, size
from mailbridge.errors import MessageInvalid
from mailbridge.message.message import Message

ROW = {"from": "app@example.com", "to": "ann@example.org", "text": "Hi"}
MAIL = b"From: app@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"


@pytest.fixture
def read(tmp_path):
    """Write a file and read the messages in it, by place."""

    def read(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        items = list(Reader(**options).read([str(path)]))
        return {item.place.removeprefix(f"{path}").lstrip(", "): item.content for item in items}

    return read


def test_one_object(read):
    assert read("a.json", json.dumps(ROW))["line 1"] == Message(
        from_="app@example.com", to="ann@example.org", text="Hi"
    )


def test_one_object_over_many_lines(read):
    assert read("a.json", json.dumps(ROW, indent=2))[""].text == "Hi"


def test_an_array(read):
    found = read("a.json", json.dumps([ROW, {**ROW, "text": "Ho"}], indent=2))
    assert [message.text for message in found.values()] == ["Hi", "Ho"]
    assert list(found) == ["number 1", "number 2"]


def test_an_object_a_line_with_blank_lines_between(read):
    found = read("a.jsonl", f"\n{json.dumps(ROW)}\n\n{json.dumps(ROW)}\n")
    assert len(found) == 2


def test_a_broken_line_does_not_stop_the_others(read):
    found = read("a.jsonl", f'{json.dumps(ROW)}\n{{"from"\n[]\n{json.dumps(ROW)}')
    assert [type(each) for each in found.values()] == [Message, MessageInvalid, MessageInvalid, Message]
    assert "It is not JSON" in str(found["line 2"])
    assert "must be a JSON object, not list" in str(found["line 3"])


def test_who_names_no_author_is_told_of_the_setting(read):
    error = read("a.json", json.dumps({"to": "ann@example.org"}))["line 1"]
    assert (error.field, str(error)) == (
        "from",
        "from is missing; a message needs an author. Give it, or set MAILBRIDGE_DEFAULT_FROM.",
    )
    assert read("a.json", json.dumps({"to": "ann@example.org"}), sender="app@example.com")["line 1"].from_


def test_who_attaches_a_file_is_told_of_the_option(read):
    error = read("a.json", json.dumps({**ROW, "attachments": [{"path": "a.txt"}]}))["line 1"]
    assert str(error).endswith("Or name the folder that files may be in, with --attach-root.")


def test_mail(read):
    message = read("a.eml", MAIL)[""]
    assert (message.subject, message.text) == ("Hi", "Hello\n")


@pytest.mark.parametrize(("content", "kind"), [(json.dumps(ROW), "json"), (MAIL, "eml")], ids=["json", "eml"])
def test_what_it_is_is_told_by_how_it_begins(read, content, kind):
    assert all(isinstance(each, Message) for each in read("noname", content).values())
    assert all(isinstance(each, Message) for each in read("noname", content, form=kind).values())


@pytest.mark.parametrize("content", ["", "\n \n"], ids=["empty", "blank"])
@pytest.mark.parametrize("name", ["a.json", "a.eml", "a"])
def test_nothing_is_no_message(read, name, content):
    assert read(name, content) == {}


@pytest.mark.parametrize("name", ["a.json", "a.eml", "a"])
def test_octets_that_are_neither_are_an_error_each(read, name):
    [error] = read(name, b"\x89PNG\r\n\x1a\n\x00\xff").values()
    assert isinstance(error, MessageInvalid)


def test_json_that_is_nested_without_end_is_an_error(read):
    [error] = read("a.json", "[" * 100_000).values()
    assert isinstance(error, MessageInvalid)


def test_a_file_that_cannot_be_read_is_an_error_and_the_next_follows(tmp_path):
    (tmp_path / "good.eml").write_bytes(MAIL)
    names = [tmp_path / "none.json", tmp_path, tmp_path / "good.eml"]
    first, second, third = Reader().read(map(str, names))
    assert f"{tmp_path}/none.json cannot be read: No such file" in str(first.content)
    assert f"{tmp_path} cannot be read: Is a directory" in str(second.content)
    assert third.content.subject == "Hi"


def test_the_author_is_filled_in_where_json_names_none(read):
    rows = [{**ROW, "from": None}, {"to": "x@example.org", "text": "x"}, ROW]
    found = read("a.json", json.dumps(rows), sender="Shop <shop@example.com>")
    assert [str(each.from_) for each in found.values()] == [
        "Shop <shop@example.com>", "Shop <shop@example.com>", "app@example.com",
    ]  # fmt: skip


@pytest.mark.catalogue("A19")
def test_files_are_attached_only_from_below_the_folder_that_was_allowed(read, tmp_path):
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "a.txt").write_text("content")
    (tmp_path / "secret.txt").write_text("secret")
    rows = [{**ROW, "attachments": [{"path": path}]} for path in ("a.txt", "../secret.txt", "/etc/passwd")]
    good, *bad = read("a.json", json.dumps(rows), root=tmp_path / "allowed").values()
    assert good.attachments[0].content == b"content"
    assert all(isinstance(each, MessageInvalid) for each in bad)
    assert all(isinstance(each, MessageInvalid) for each in read("a.json", json.dumps(rows)).values())


def test_lines_are_read_as_they_are_needed(monkeypatch):
    """A feed that never ends can be sent all the same."""

    class Endless(io.RawIOBase):
        lines = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            line = json.dumps({**ROW, "subject": "x" * 200}).encode() + b"\n"
            buffer[: len(line)] = line
            self.lines += 1
            return len(line)

    endless = Endless()

    class Stdin:
        buffer = io.BufferedReader(endless, 1024)

    monkeypatch.setattr("sys.stdin", Stdin)
    items = Reader().read(["-"])
    assert [next(items).place for _ in range(3)] == [f"standard input, line {number}" for number in (1, 2, 3)]
    assert endless.lines < 20


def test_it_is_known_how_much_has_been_read(tmp_path):
    lines, array, mail = tmp_path / "a.jsonl", tmp_path / "b.json", tmp_path / "c.eml"
    one = '{"from": "app@example.com", "to": ["ann@example.org"], "text": "Hello"}'
    lines.write_text(f"{one}\n{one}\n")
    array.write_text(f"[{one},{one}]")
    mail.write_bytes(b"From: app@example.com\r\nTo: ann@example.org\r\n\r\nHello\r\n")
    names = [str(each) for each in (lines, array, mail)]
    sizes = [each.stat().st_size for each in (lines, array, mail)]
    reader = Reader()
    behind = [round(reader.octets) for _ in reader.read(names)]
    assert behind == [
        sizes[0] // 2,
        sizes[0],
        sizes[0] + round(sizes[1] / 2),
        sizes[0] + sizes[1],
        sum(sizes),
    ]
    assert size(names) == sum(sizes)
    assert size([*names, "-"]) is None
    assert size([*names, str(tmp_path)]) is None
