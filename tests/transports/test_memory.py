"""The memory transport keeps the last messages."""

import threading

from mailbridge.mailer import Mailer
from mailbridge.message.message import Message


def message(number=0):
    return Message(
        from_="app@example.com", to="ann@example.org", bcc="bob@example.org", subject=f"Hi {number}", text="Hello"
    )


def test_messages_are_kept_with_their_envelope_and_bytes(colour):
    mailer = Mailer("memory://")
    receipt = colour.send(mailer, message())
    [kept] = mailer.transport().kept
    assert kept.message == mailer.transport().messages[0]
    assert kept.message.subject == "Hi 0"
    assert kept.message.message_id == receipt.message_id
    assert [each.addr_spec for each in kept.envelope.recipients] == ["ann@example.org", "bob@example.org"]
    assert b"Subject: Hi 0\r\n" in kept.mime
    assert kept.mime.endswith(b"\r\n\r\nHello\r\n")


def test_the_bytes_do_not_name_blind_recipients():
    mailer = Mailer("memory://")
    mailer.send(message())
    assert b"bob@" not in mailer.transport().kept[0].mime


def test_the_oldest_is_forgotten_first(colour):
    mailer = Mailer("memory://?limit=2")
    outcomes = colour.send_many(mailer, [message(number) for number in range(5)])
    assert len(outcomes) == 5
    assert [each.subject for each in mailer.transport().messages] == ["Hi 3", "Hi 4"]


def test_each_transport_has_a_box_of_its_own():
    one, other = Mailer("memory://"), Mailer("memory://")
    one.send(message())
    assert (len(one.transport().messages), len(other.transport().messages)) == (1, 0)


def test_clearing_forgets():
    mailer = Mailer("memory://")
    mailer.send(message())
    mailer.transport().clear()
    assert mailer.transport().messages == ()


def test_threads_may_send_and_look_at_the_same_time():
    mailer = Mailer("memory://?limit=50")
    seen = []

    def work():
        for number in range(100):
            mailer.send(message(number))
            seen.append(len(mailer.transport().messages))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 400
    assert max(seen) == len(mailer.transport().messages) == 50


def test_verifying_says_how_many_are_kept(colour):
    mailer = Mailer("memory://?limit=7")
    colour.send(mailer, message())
    verification = colour.verify(mailer)
    assert "the last 7" in verification.text
    assert verification.details == {"kept": 1}
