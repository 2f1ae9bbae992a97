"""The sendmail transport: a list of arguments, never a shell; exit codes become typed errors."""

import errno
import os
import signal
import subprocess
from email import message_from_bytes, policy

import pytest

from mailbridge.errors import (
    ConfigError,
    ContentRefused,
    MessageInvalid,
    OutcomeUnknown,
    ProtocolError,
    RecipientRefused,
    ServerError,
    Unsupported,
)
from mailbridge.mailer import Mailer
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.transports.sendmail.exits import SYSEXITS

MESSAGE = Message(
    from_="app@example.com",
    to="ann@example.org",
    cc="cy@example.org",
    bcc="bob@example.org",
    subject="Hi",
    text="Grüße",
)


class Program:
    """A stand-in for sendmail(8) that writes down how it was called."""

    def __init__(self, folder, ending):
        self.folder = folder
        self.path = folder / "sendmail"
        self.path.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > "{folder}/arguments"\ncat > "{folder}/mail"\n{ending}\n'
        )
        self.path.chmod(0o755)

    @property
    def arguments(self):
        return (self.folder / "arguments").read_text().splitlines()

    @property
    def mail(self):
        return (self.folder / "mail").read_bytes()

    @property
    def was_run(self):
        return (self.folder / "arguments").exists()

    def mailer(self, **options):
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return Mailer(f"sendmail://{self.path}?{query}" if query else f"sendmail://{self.path}")


@pytest.fixture
def program(tmp_path):
    """Install a stand-in that ends as told: `program("exit 75")`."""
    return lambda ending="": Program(tmp_path, ending)


def test_sender_and_every_recipient_are_arguments_and_bcc_is_no_header(program, colour):
    installed = program()
    receipt = colour.send(installed.mailer(), MESSAGE)
    assert installed.arguments == [
        "-i", "-f", "app@example.com", "--", "ann@example.org", "cy@example.org", "bob@example.org",
    ]  # fmt: skip
    assert receipt.complete
    assert len(receipt.recipients) == 3
    assert receipt.transport == f"sendmail://{installed.path}"
    assert b"bob@" not in installed.mail


def test_the_message_arrives_with_unix_line_ends_and_within_seven_bits(program):
    installed = program()
    installed.mailer().send(MESSAGE.replace(attachments=[Attachment(b"\x00\xff" * 500, "x.bin")]))
    assert b"\r" not in installed.mail
    assert installed.mail.isascii()
    message = message_from_bytes(installed.mail, policy=policy.default)
    assert message.get_body().get_content().strip() == "Grüße"
    assert [part.get_content() for part in message.iter_attachments()] == [b"\x00\xff" * 500]


def test_a_raw_message_stays_as_its_maker_encoded_it(program):
    installed = program()
    raw = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n".encode()
    installed.mailer().send(Message(from_="a@example.com", to="b@example.org", raw=raw))
    assert installed.mail == raw.replace(b"\r\n", b"\n")


def test_the_null_sender_is_a_pair_of_angle_brackets(program):
    installed = program()
    installed.mailer().send(MESSAGE.replace(envelope_sender="<>"))
    assert installed.arguments[:3] == ["-i", "-f", "<>"]


def test_addresses_of_other_scripts_travel_as_utf8(program):
    installed = program()
    installed.mailer().send(Message(from_="app@example.com", to="jürgen@bücher.example", text="x"))
    assert installed.arguments[-1] == "jürgen@xn--bcher-kva.example"


def test_shell_characters_mean_nothing(program):
    installed = program()
    installed.mailer().send(Message(from_="a@example.com", to="`touch$IFS/tmp/x`@example.org", text="x"))
    assert installed.arguments[-1] == "`touch$IFS/tmp/x`@example.org"


@pytest.mark.catalogue("A11")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"envelope_sender": "-OQueueDirectory=/tmp@example.com"}, id="A11-sender"),
        pytest.param({"from_": "-X/tmp/log@example.com"}, id="A11-author"),
        pytest.param({"to": "-bs@example.org"}, id="A11-recipient"),
        pytest.param({"bcc": ["bob@example.org", "-t@example.org"]}, id="A11-blind-recipient"),
    ],
)
def test_an_address_that_looks_like_an_option_is_refused(program, colour, changes):
    installed = program()
    with pytest.raises(MessageInvalid, match="begins with '-'"):
        colour.send(installed.mailer(), MESSAGE.replace(**changes))
    assert not installed.was_run


@pytest.mark.catalogue("A11")
def test_an_address_with_a_space_never_becomes_two_arguments(program):
    with pytest.raises(MessageInvalid):
        Message(from_='"-OQueueDirectory=/tmp -X/tmp/x"@example.com', to="ann@example.org", text="x")


CODES = {
    64: ConfigError,
    65: ContentRefused,
    66: ConfigError,
    67: RecipientRefused,
    68: RecipientRefused,
    69: ServerError,
    70: ServerError,
    71: ServerError,
    72: ConfigError,
    73: ServerError,
    74: ServerError,
    75: ServerError,
    76: ProtocolError,
    77: ConfigError,
    78: ConfigError,
    1: ServerError,
}


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_an_exit_code_becomes_a_typed_error(program, code, kind):
    installed = program(f"echo 'cannot do it' >&2; exit {code}")
    with pytest.raises(kind) as caught:
        installed.mailer().send(MESSAGE)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.phase) == (code, "send")
    assert f"{installed.path} ended with exit code {code}" in str(error)
    assert str(error).endswith("It said: cannot do it")
    assert error.attempts[0].code == code


def test_every_code_of_sysexits_has_its_meaning():
    assert set(SYSEXITS) == set(range(64, 79)) == set(CODES) - {1}


def test_what_the_program_says_is_masked_and_shown_in_one_line(program):
    installed = program(r"printf 'login failed\n\033[31m password=CANARY\n' >&2; exit 77")
    with pytest.raises(ConfigError) as caught:
        installed.mailer().send(MESSAGE)
    assert r"It said: login failed \x1b[31m password=********" in str(caught.value)
    assert "CANARY" not in str(caught.value)


def test_a_success_with_words_keeps_them(program):
    receipt = program("echo queued as 42").mailer().send(MESSAGE)
    assert receipt.raw == {"output": "queued as 42"}
    assert program().mailer().send(MESSAGE).raw is None


def test_a_program_that_takes_too_long_is_killed_and_its_outcome_unknown(program, colour):
    installed = program("exec sleep 60")
    with pytest.raises(OutcomeUnknown, match=r"did not end within 0\.3 seconds and was killed") as caught:
        colour.send(installed.mailer(timeout=0.3), MESSAGE)
    assert not caught.value.retryable


def test_a_program_that_is_killed_leaves_the_outcome_unknown(program):
    with pytest.raises(OutcomeUnknown, match="killed by signal 9"):
        program("kill -9 $$").mailer().send(MESSAGE)


def test_a_program_that_delivers_in_the_background_is_not_waited_for(program, tmp_path):
    """Its child keeps standard output and error open, as that of sendmail -odb does."""
    installed = program(f'sleep 20 & echo $! > "{tmp_path}/child"')
    try:
        assert installed.mailer(timeout=5).send(MESSAGE).complete
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_a_program_that_reads_nothing_is_judged_by_its_exit_code(program):
    installed = program()
    installed.path.write_text("#!/bin/sh\nexit 78\n")
    with pytest.raises(ConfigError, match="exit code 78"):
        installed.mailer().send(MESSAGE.replace(text="x\n" * 200_000))


@pytest.mark.parametrize("trouble", ["missing", "not executable", "a folder", "below a file"])
def test_a_program_that_cannot_be_started_is_a_configuration_error(program, tmp_path, trouble, colour):
    installed = program()
    if trouble == "not executable":
        installed.path.chmod(0o644)
    elif trouble == "missing":
        installed.path = tmp_path / "nowhere"
    elif trouble == "a folder":
        installed.path = tmp_path
    else:
        installed.path = installed.path / "sendmail"
    for call in (lambda: colour.send(installed.mailer(), MESSAGE), lambda: colour.verify(installed.mailer())):
        with pytest.raises(ConfigError, match="could not be started") as caught:
            call()
        assert "Set path to the sendmail program" in str(caught.value)


def test_more_recipients_than_a_command_line_holds_are_refused(program):
    many = [f"{'x' * 50}{number}@example.org" for number in range(40_000)]
    with pytest.raises(MessageInvalid, match="40001 recipients do not fit") as caught:
        program().mailer().send(Message(from_="a@example.com", to=many, cc="z@example.org", text="x"))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.E2BIG


def test_ten_thousand_recipients_fit(program):
    many = [f"someone{number}@example.org" for number in range(10_000)]
    installed = program()
    receipt = installed.mailer().send(Message(from_="a@example.com", to=many, text="x"))
    assert len(receipt.recipients) == 10_000
    assert len(installed.arguments) == 10_004


@pytest.mark.parametrize("changes", [{"tags": ["x"]}, {"template": "x"}, {"require_tls": True}], ids=str)
def test_what_sendmail_cannot_express_is_refused(program, changes):
    installed = program()
    with pytest.raises(Unsupported):
        installed.mailer().send(MESSAGE.replace(**changes))
    assert not installed.was_run


def test_verifying_finds_the_program(program, colour):
    installed = program()
    assert colour.verify(installed.mailer()).text == f"{installed.path} can be run."


def test_the_usual_place_is_the_default():
    assert str(Mailer("sendmail://").transport()) == "sendmail:///usr/sbin/sendmail"


def test_the_stand_in_is_a_program(program):
    """Guard of this file: what is not run would prove nothing."""
    assert subprocess.run([program("exit 3").path], stdin=subprocess.DEVNULL).returncode == 3
