"""The file transport: .eml files, Maildir and mbox; whole, private and safe from other users' tricks."""

import contextlib
import errno
import fcntl
import mailbox
import os
import re
import resource
import subprocess
import sys
import threading
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import ConfigError, ServerError, TimedOut
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.transports.file.mbox import Mbox
from mailbridge.transports.file.storing import put, reported

MESSAGE = Message(
    from_="app@example.com",
    to="ann@example.org",
    bcc="bob@example.org",
    subject="Hi",
    text="Grüße\nFrom here on\n>From there on\nend",
    message_id="<../../../tmp/evil@example.com>",
)
FORMATS = ["eml", "maildir", "mbox"]


@pytest.fixture(params=FORMATS)
def form(request):
    """Run the test for each format."""
    return request.param


def mailer(place, form="eml", **options):
    query = "&".join(f"{name}={value}" for name, value in {"format": form, **options}.items())
    return Mailer(f"file://{place}?{query}")


def files(place):
    return sorted(path for path in place.rglob("*") if path.is_file())


def read_mbox(path):
    """Read the messages as the standard library's mail reader does."""
    with contextlib.closing(mailbox.mbox(path, create=False)) as box:
        return list(box)


def mode(path):
    return oct(path.stat().st_mode & 0o777)


def test_the_receipt_says_where_the_message_is(tmp_path, form, colour):
    place = tmp_path / "out"
    receipt = colour.send(mailer(place, form), MESSAGE)
    [path] = files(place) if form != "mbox" else [place]
    assert receipt.raw == {"path": str(path)}
    assert receipt.provider_id == path.name
    assert receipt.complete
    assert receipt.transport == f"file://{place}?format={form}"


def test_files_are_for_their_owner_only(tmp_path, form):
    place = tmp_path / "deep" / "out"
    before = os.umask(0)
    try:
        mailer(place, form).send(MESSAGE)
    finally:
        os.umask(before)
    assert mode(place.parent) == "0o700"
    if form == "mbox":
        assert mode(place) == "0o600"
    else:
        assert {mode(path) for path in files(place)} == {"0o600"}
        assert mode(place) == "0o700"


def test_an_eml_file_holds_the_octets_that_smtp_would_send(tmp_path):
    mailer(tmp_path).send(MESSAGE)
    [path] = files(tmp_path)
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{24}\.eml", path.name)
    content = path.read_bytes()
    assert b"\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\nFrom here on\r\n>From there on\r\nend\r\n" in content
    assert b"bob@example.org" not in content
    assert message_from_bytes(content, policy=policy.default)["Subject"] == "Hi"


def test_eml_names_sort_in_the_order_of_sending(tmp_path):
    sender = mailer(tmp_path)
    for number in range(5):
        sender.send(MESSAGE.replace(subject=f"Hi {number}"))
    subjects = [message_from_bytes(path.read_bytes())["Subject"] for path in files(tmp_path)]
    assert subjects == [f"Hi {number}" for number in range(5)]


def test_mail_programs_read_the_maildir(tmp_path):
    mailer(tmp_path / "box", "maildir").send(MESSAGE)
    box = mailbox.Maildir(tmp_path / "box", create=False)
    [message] = box
    assert message["Subject"] == "Hi"
    assert message.get_subdir() == "new"
    assert sorted(os.listdir(tmp_path / "box")) == ["cur", "new", "tmp"]
    assert os.listdir(tmp_path / "box" / "tmp") == []
    assert b"\r" not in files(tmp_path)[0].read_bytes()


def test_maildir_names_have_the_three_parts_of_the_specification(tmp_path):
    mailer(tmp_path, "maildir").send(MESSAGE)
    [path] = files(tmp_path)
    assert re.fullmatch(rf"\d{{10,}}\.M\d{{1,6}}P{os.getpid()}R[0-9a-f]{{24}}\.[^/:]+", path.name)


def test_mail_programs_read_the_mbox(tmp_path):
    sender = mailer(tmp_path / "mbox", "mbox")
    sender.send(MESSAGE)
    sender.send(MESSAGE.replace(envelope_sender="<>", subject="Again"))
    content = (tmp_path / "mbox").read_bytes()
    assert content.startswith(b"From app@example.com ")
    assert b"\nFrom MAILER-DAEMON " in content
    assert b"\n>From here on\n>>From there on\n" in content
    assert [message["Subject"] for message in read_mbox(tmp_path / "mbox")] == ["Hi", "Again"]


@given(bodies=st.lists(st.text(st.sampled_from("From >\nx"), max_size=40), min_size=1, max_size=4))
def test_what_is_put_into_an_mbox_can_be_taken_out_again(tmp_path_factory, bodies):
    place = tmp_path_factory.mktemp("mbox") / "mbox"
    box = Mbox(str(place), sync=False)
    for body in bodies:
        box.store([b"Subject: x\r\n\r\n", body.replace("\n", "\r\n").encode()], "a@example.com")
    entries = re.split(rb"^From a@example\.com .*\n", place.read_bytes(), flags=re.MULTILINE)[1:]
    read = [re.sub(rb"^>(>*From )", rb"\1", entry, flags=re.MULTILINE) for entry in entries]
    assert [entry.partition(b"\n\n")[2].rstrip(b"\n") for entry in read] == [
        body.encode().rstrip(b"\n") for body in bodies
    ]


@pytest.mark.catalogue("A34")
class TestOtherUsers:
    """A34: somebody else can write to the same place."""

    def test_the_message_id_is_no_part_of_a_path(self, tmp_path, form):
        place = tmp_path / "out"
        mailer(place, form).send(MESSAGE)
        assert not any("evil" in str(path) for path in tmp_path.rglob("*"))

    def test_a_file_that_is_there_already_is_not_written_to(self, tmp_path):
        victim = tmp_path / "victim"
        victim.write_bytes(b"precious")
        with pytest.raises(FileExistsError):
            put([b"new"], str(victim), str(tmp_path / "final"), sync=True)
        assert files(tmp_path) == [victim]
        assert victim.read_bytes() == b"precious"

    def test_a_link_that_is_there_already_is_not_followed(self, tmp_path):
        victim = tmp_path / "victim"
        victim.write_bytes(b"precious")
        (tmp_path / "link").symlink_to(victim)
        with pytest.raises(FileExistsError):
            put([b"new"], str(tmp_path / "link"), str(tmp_path / "final"), sync=True)
        assert victim.read_bytes() == b"precious"

    def test_an_mbox_that_is_a_link_is_refused(self, tmp_path):
        (tmp_path / "victim").write_bytes(b"precious")
        (tmp_path / "mbox").symlink_to(tmp_path / "victim")
        with pytest.raises(ConfigError, match="Set path to a place"):
            mailer(tmp_path / "mbox", "mbox").send(MESSAGE)
        assert (tmp_path / "victim").read_bytes() == b"precious"

    def test_threads_do_not_disturb_each_other(self, tmp_path, form):
        place = tmp_path / "out"
        sender = mailer(place, form, sync="false")
        threads = [threading.Thread(target=lambda: [sender.send(MESSAGE) for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if form == "mbox":
            assert len(read_mbox(place)) == 80
        else:
            assert len(files(place)) == 80

    def test_processes_do_not_disturb_each_other(self, tmp_path):
        program = (
            "import sys; from mailbridge.transports.file.mbox import *\n"
            "box = Mbox(sys.argv[1], sync=False); left = 50\n"
            "while left:\n"
            "    try: box.store([b'Subject: x\\r\\n\\r\\n' + b'y' * 5000 + b'\\r\\n'], 'a@example.com'); left -= 1\n"
            "    except MailboxLocked: pass\n"
        )
        children = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "mbox")]) for _ in range(2)]
        assert [child.wait() for child in children] == [0, 0]
        messages = read_mbox(tmp_path / "mbox")
        assert len(messages) == 100
        assert {len(message.get_payload()) for message in messages} == {5001}


class TestFailures:
    """What happens when the disk or the place does not play along."""

    @pytest.mark.parametrize(
        ("number", "kind", "hint"),
        [
            (errno.ENOSPC, ServerError, "free some space"),
            (errno.EDQUOT, ServerError, "free some space"),
            (errno.EACCES, ConfigError, "Set path"),
            (errno.EROFS, ConfigError, "Set path"),
            (errno.EIO, ServerError, ""),
        ],
        ids=lambda value: errno.errorcode.get(value) if isinstance(value, int) else None,
    )
    def test_the_operating_system_s_words_become_a_typed_error(self, number, kind, hint):
        with pytest.raises(kind, match=re.escape(f"/var/out: {os.strerror(number)}.")) as caught, reported("/var/out"):
            raise OSError(number, os.strerror(number))
        assert hint in str(caught.value)
        assert caught.value.retryable is (kind is ServerError)

    def test_a_full_disk_leaves_nothing_behind(self, tmp_path, form):
        """A limit on the size of files stands for the full disk: the write fails half way."""
        place = tmp_path / "out"
        mailer(place, form).send(MESSAGE)
        before = {path: path.read_bytes() for path in files(tmp_path)}
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(ServerError, match="free some space"):
                mailer(place, form).send(MESSAGE.replace(text="x" * 70 + "\n" * 200_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert {path: path.read_bytes() for path in files(tmp_path)} == before

    def test_a_place_that_cannot_be_made_is_a_configuration_error(self, tmp_path, form, colour):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match=r"Cannot store a message in .*/file/sub"):
            colour.send(mailer(tmp_path / "file" / "sub", form), MESSAGE)

    def test_a_locked_mailbox_is_waited_for_and_then_given_up(self, tmp_path, colour):
        with open(tmp_path / "mbox", "wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(TimedOut, match="locked by another program") as caught:
                colour.send(mailer(tmp_path / "mbox", "mbox", timeout=0.1), MESSAGE)
        assert caught.value.retryable
        assert colour.send(mailer(tmp_path / "mbox", "mbox"), MESSAGE).complete

    def test_a_mail_reader_s_lock_is_respected(self, tmp_path):
        """Readers use fcntl() locks, which a process does not see of itself: another has to hold it."""
        program = (
            "import fcntl, sys; held = open(sys.argv[1], 'ab'); fcntl.lockf(held, fcntl.LOCK_EX)\n"
            "print('locked', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "mbox")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
            reader.stdout.readline()
            with pytest.raises(TimedOut):
                mailer(tmp_path / "mbox", "mbox", timeout=0.1).send(MESSAGE)
            reader.stdin.close()
        assert mailer(tmp_path / "mbox", "mbox").send(MESSAGE).complete

    def test_a_mailbox_that_was_replaced_while_waiting_is_opened_anew(self, tmp_path, monkeypatch):
        """A reader may rename a new file into place; what is written to the old one would be lost."""
        place = tmp_path / "mbox"
        real, calls = fcntl.flock, []

        def replaced(descriptor, operation):
            real(descriptor, operation)
            if not calls:
                place.unlink()
                place.write_bytes(b"")
            calls.append(operation)

        monkeypatch.setattr(fcntl, "flock", replaced)
        Mbox(str(place), sync=False).store([b"Subject: x\r\n\r\nbody\r\n"], "")
        assert len(calls) == 2
        assert b"body" in place.read_bytes()


def test_the_path_is_required():
    with pytest.raises(ConfigError, match="the path of the DSN is missing"):
        Mailer("file://")


def test_verifying_makes_the_place(tmp_path, form, colour):
    place = tmp_path / "out"
    verification = colour.verify(mailer(place, form))
    assert place.exists()
    assert verification.text == f"Messages are written to {place} ({form})."


def test_verifying_a_place_that_cannot_be_made_fails(tmp_path, form, colour):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError):
        colour.verify(mailer(tmp_path / "file" / "sub", form))
