"""The contract is kept by a good transport, and each way to break it is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, ClassVar

import acme_mail.transport
import pytest
from acme_mail.replies import AcmeReplies
from acme_mail.settings import AcmeSettings
from acme_mail.transport import AcmeTransport

from mailbridge import Plugins
from mailbridge.errors import ContentRefused, MailError, MessageInvalid, ServerError, Unsupported
from mailbridge.extend import (
    Address,
    Complaint,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    Message,
    Outcome,
    Plugin,
    Receipt,
)
from mailbridge.testing import Check, TransportContract

KEY = "ak_canary0123456789"
answer, decode = AcmeReplies().answer, AcmeReplies().decode


def contract(kind: type[HttpTransport] = AcmeTransport, **more: Any) -> TransportContract:
    return TransportContract(lambda: kind(AcmeSettings(api_key=KEY)), **{"answer": answer, "decode": decode, **more})


def faults(kept: TransportContract, name: str) -> str:
    """Return what a check says, or an empty string."""
    [check] = [each for each in kept.checks() if each.name == name]
    try:
        check()
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("check", contract().checks(), ids=str)
def test_a_good_transport_keeps_it(check: Check) -> None:
    check()


def letters(change: Callable[[dict[str, Any], Message], None]) -> type[AcmeTransport]:
    """Make a transport whose letters are changed."""

    class Changed(AcmeTransport):
        def _letter(self, message: Message) -> dict[str, Any]:
            letter = super()._letter(message)
            change(letter, message)
            return letter

    return Changed


def without(field: str) -> type[AcmeTransport]:
    return letters(lambda letter, message: letter.pop(field, None))


class TestWhatIsSaid:
    """A request says what the message says, and nothing else."""

    @pytest.mark.parametrize(
        ("field", "name", "said"),
        [
            ("cc", "cc", "cc: [] instead of ['bob@example.org', 'cyd@example.net']"),
            ("bcc", "bcc", "bcc: [] instead of"),
            ("reply_to", "reply-to", "reply_to: [] instead of"),
            ("subject", "text", "subject: '' instead of 'Hello'"),
            ("files", "file", "attachments.count: 0 instead of 1"),
            ("headers", "header", "headers.x-example: [] instead of ['one']"),
            ("headers", "threading", "in_reply_to: [] instead of"),
            ("tags", "tag", "tags: [] instead of ['welcome']"),
            ("data", "merge-metadata-alone", "metadata: {} instead of {'id': '1'}"),
        ],
    )
    def test_what_is_lost_is_found(self, field: str, name: str, said: str) -> None:
        assert said in faults(contract(without(field)), name)

    def test_a_name_that_is_lost_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(acme_mail.transport, "_person", lambda each: {"address": each.wire, "name": ""})
        assert "to.name: [''] instead of ['Smith, Ann']" in faults(contract(), "name-comma")

    def test_a_domain_in_another_script_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def person(each: Address) -> dict[str, str]:
            return {"address": each.addr_spec, "name": each.name}

        monkeypatch.setattr(acme_mail.transport, "_person", person)
        assert "to.domain:" in faults(contract(), "idn-recipient")

    def test_what_is_added_is_found(self) -> None:
        added = letters(lambda letter, message: letter.update(tags=["mailbridge", *message.tags]))
        assert "tags: ['mailbridge'] instead of []" in faults(contract(added), "text")

    def test_what_the_description_has_against_it_is_found(self) -> None:
        found = faults(contract(judge=lambda request: ["$.from: wrong"]), "text")
        assert "HttpRequest(POST https://api.acme.example/v1/messages" in found
        assert "$.from: wrong" in found

    def test_a_difference_may_be_tolerated_with_a_reason_if_it_occurs(self) -> None:
        lossy = contract(without("tags"), tolerated={"tags": "Acme forgets them"})
        assert (faults(lossy, "tag"), faults(lossy, "tolerated")) == ("", "")
        assert "tags is tolerated, but does not occur" in faults(contract(tolerated={"tags": "?"}), "tolerated")

    def test_a_second_try_that_says_something_else_is_found(self) -> None:
        numbers = count()
        changing = letters(lambda letter, message: letter.update(headers={"X-Number": f"{next(numbers)}"}))
        assert "text: a second try makes another request" in faults(contract(changing), "repetitions")


def refusing(error: MailError, wanted: Callable[[Message], bool]) -> type[AcmeTransport]:
    """Make a transport that refuses some messages."""

    def refuse(letter: dict[str, Any], message: Message) -> None:
        if wanted(message):
            raise error

    return letters(refuse)


def with_record(features: Iterable[str]) -> type[AcmeTransport]:
    """Make a transport that declares these features."""

    class Declared(AcmeTransport):
        plugin: ClassVar = Plugin(name="acme", schemes=["acme"], settings="", transport="", features=features)

    return Declared

    def test_a_message_of_ones_own_is_judged_likewise(self) -> None:
        mine = Message(from_="a@example.com", to="b@example.org", cc="c@example.org", subject="Mine", text="x")
        assert list(contract().own_message("mine", mine)) == []
        assert list(contract(without("cc")).own_message("mine", mine)) == ["cc: [] instead of ['c@example.org']"]


class TestWhatIsRefused:
    """Nothing ordinary is refused, and nothing else without saying why."""

    def test_what_every_service_can_do_must_not_be_refused(self) -> None:
        error = MessageInvalid("no", field="subject")
        picky = refusing(error, lambda message: message.subject.startswith("=?"))
        assert "every service can do this, but it is refused" in faults(contract(picky), "subject-encoded-word")
        unable = contract(picky, unable={"subject-encoded-word": "Acme decodes them"})
        assert faults(unable, "subject-encoded-word") == ""
        assert "it is sent, though the service is said to be unable to" in faults(
            contract(unable={"text": "?"}), "text"
        )

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (MessageInvalid("no"), "the refusal names '', which is no field: no"),
            (MessageInvalid("no", field="files"), "the refusal names 'files', which is no field"),
            (Unsupported("no", feature="colour"), "the refusal names 'colour', which is no feature"),
            (ContentRefused("no"), "it fails though all is well: ContentRefused('no')"),
        ],
        ids=["no field", "another field", "another feature", "no refusal of ours"],
    )
    def test_a_refusal_names_what_it_is_about(self, error: MailError, said: str) -> None:
        assert said in faults(contract(refusing(error, lambda message: bool(message.tags))), "tag")

    def test_a_refusal_by_field_or_feature_is_in_order(self) -> None:
        for error in (MessageInvalid("no", field="tags"), Unsupported("no", feature="tags")):
            assert faults(contract(refusing(error, lambda message: len(message.tags) > 1)), "tags-two") == ""

    def test_a_refusal_comes_before_any_request(self) -> None:
        class Late(AcmeTransport):
            def read(self, response: HttpResponse, message: Message) -> Receipt:
                if message.tags:
                    raise MessageInvalid("no", field="tags")
                return super().read(response, message)

        assert "it is refused only after a request was made" in faults(contract(Late), "tag")

    def test_what_is_declared_must_be_seen(self) -> None:
        boastful = with_record(["html", "send_at", "colour"])
        found = faults(contract(boastful), "features")
        assert "the record declares colour, which mailbridge does not know" in found
        never = contract(refusing(MessageInvalid("no", field="tags"), lambda message: bool(message.tags)))
        assert "the record declares tags, but no message that uses it is sent" in faults(never, "features")

    def test_what_is_not_declared_must_be_refused(self) -> None:
        class Lax(AcmeTransport):
            """Lists more when it is asked by the send path than in its record."""

            asked = 0

            @property
            def features(self) -> frozenset[str]:  # type: ignore[override]
                self.asked += 1
                return self.plugin.features | ({"stream"} if self.asked > 1 else set())

        lax = contract(Lax)
        assert faults(lax, "stream")


class TestReceipts:
    """A receipt has every recipient in the caller's spelling, and both ids."""

    @staticmethod
    def receiving(change: Callable[[Receipt], Receipt]) -> type[AcmeTransport]:
        class Changed(AcmeTransport):
            def read(self, response: HttpResponse, message: Message) -> Receipt:
                return change(super().read(response, message))

        return Changed

    @pytest.mark.parametrize(
        ("change", "name", "said"),
        [
            (
                lambda receipt: receipt._copy(recipients={k.lower(): v for k, v in receipt.recipients.items()}),
                "local-part-capitals",
                "the receipt has ann.smith@example.org instead of Ann.Smith@Example.ORG",
            ),
            (lambda receipt: receipt._copy(recipients={}), "text", "the receipt has nobody instead of ann@example.org"),
            (lambda receipt: receipt._copy(provider_ids=()), "text", "the receipt has no id of the provider"),
            (lambda receipt: receipt._copy(message_id="m1"), "text", "the receipt has the Message-ID 'm1' instead"),
        ],
        ids=["another spelling", "nobody", "no id", "another Message-ID"],
    )
    def test_a_receipt_that_does_not_is_found(self, change: Callable[[Receipt], Receipt], name: str, said: str) -> None:
        assert said in faults(contract(self.receiving(change)), name)

    def test_an_id_that_is_not_told_may_be_missing(self) -> None:
        silent = self.receiving(lambda receipt: receipt._copy(provider_ids=()))
        assert faults(contract(silent, provider_ids=False), "text") == ""

    def test_a_message_id_that_is_not_kept_is_not_told(self) -> None:
        kept = with_record(AcmeTransport.features - {"message_id"})
        assert "the receipt has our Message-ID, which the record does not promise" in faults(contract(kept), "text")


class TestBatches:
    """A list says the same as its messages one by one."""

    def test_a_message_that_is_lost_is_found(self) -> None:
        class Losing(AcmeTransport):
            def build_many(self, messages: Sequence[Message]) -> HttpRequest:
                return super().build_many(messages[:-1])

        assert "messages (or private copies) were to be sent, and" in faults(contract(Losing), "batches")

    def test_one_that_is_another_is_found(self) -> None:
        class Confusing(AcmeTransport):
            def build_many(self, messages: Sequence[Message]) -> HttpRequest:
                return super().build_many([messages[0] for _ in messages])

        assert "html: text: 'Hello, Ann.\\n' instead of ''" in faults(contract(Confusing), "batches")

    def test_an_outcome_that_is_lost_is_found(self) -> None:
        class Forgetting(AcmeTransport):
            def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
                return super().read_many(response, messages)[1:]

        assert "fails though all is well: OutcomeUnknown" in faults(contract(Forgetting), "batches")

    def test_a_limit_that_is_never_used_is_found(self) -> None:
        class Alone(AcmeTransport):
            def joins(self, message: Message) -> bool:
                return False

        assert "the record says 50 messages a call, but none of 101 like ones share one" in faults(
            contract(Alone), "batches"
        )


class TestLimits:
    """What has no place is refused, also where the limits of the record are not looked at."""

    def test_what_only_the_record_keeps_from_being_lost_is_found(self) -> None:
        forgetful = letters(lambda letter, message: letter.update(tags=message.tags[:5]))
        found = faults(contract(forgetful), "limits")
        assert "without limits tags-many loses something: tags:" in found
        assert "tags-two" not in found


class TestErrors:
    """Errors are typed, honest and discreet."""

    def test_a_fault_that_comes_out_is_found(self) -> None:
        class Broken(AcmeTransport):
            def read(self, response: HttpResponse, message: Message) -> Receipt:
                raise ZeroDivisionError

        found = faults(contract(Broken), "errors")
        assert "HTTP 200 with b'{}': the transport does not stand it" in found
        assert "failed with ZeroDivisionError" in found

    def test_a_fault_in_a_batch_is_found(self) -> None:
        class Blind(AcmeTransport):
            def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
                raise ZeroDivisionError

        assert "HTTP 200 with b'{}': the transport does not stand it" in faults(contract(Blind), "errors")

    def test_a_second_copy_that_is_risked_is_found(self) -> None:
        class Bold(AcmeTransport):
            codes: ClassVar = {"": ServerError}

            def complaint(self, response: HttpResponse) -> Complaint:
                return Complaint("oh")

        found = faults(contract(Bold), "errors")
        assert "HTTP 500, no body: the message may have been accepted, so it must not be tried again" in found
        assert "HTTP 401, no body: it should be AuthFailed, or another ConfigError" in found
        assert "HTTP 429, no body: it should be RateLimited" in found

    def test_an_answer_that_says_nothing_is_no_refusal(self) -> None:
        class Sure(AcmeTransport):
            def read(self, response: HttpResponse, message: Message) -> Receipt:
                if not response.get("id"):
                    raise ContentRefused("no id")
                return super().read(response, message)

        assert "nobody knows whether it was accepted, and it is ContentRefused('no id')" in faults(
            contract(Sure), "errors"
        )

    def test_a_key_that_can_be_read_is_found(self) -> None:
        class Open(AcmeTransport):
            def __str__(self) -> str:
                return f"acme://{KEY}@default"

            def read(self, response: HttpResponse, message: Message) -> Receipt:
                return super().read(response, message)._copy(raw={"key": KEY})

        found = faults(contract(Open), "secrets")
        assert "a secret can be read in str of Open" in found
        assert "text: a secret can be read in raw of Receipt" in found

    def test_a_key_in_a_refusal_is_found(self) -> None:
        chatty = refusing(MessageInvalid(f"{KEY} may not", field="tags"), lambda message: bool(message.tags))
        assert "a secret can be read in the traceback of MessageInvalid" in faults(contract(chatty), "tag")

    def test_an_error_that_does_not_survive_pickling_is_found(self) -> None:
        error = MessageInvalid("no", field="tags")
        error.phase = lambda: "build"  # type: ignore[assignment]
        closed = refusing(error, lambda message: bool(message.tags))
        assert "MessageInvalid does not survive pickling" in faults(contract(closed), "tag")

    def test_a_contract_without_secrets_proves_nothing(self) -> None:
        class Keyless(AcmeTransport):
            def __init__(self, settings: Any) -> None:
                super().__init__(settings)
                self._headers = ()

        bare = TransportContract(lambda: Keyless(AcmeSettings(api_key="ak_")), answer=answer, decode=decode)
        assert "the target has no secrets to look for" in faults(bare, "secrets")


class TestVerifying:
    """`verify()` sends nothing, and tells good credentials from others."""

    def test_one_that_sends_is_found(self) -> None:
        class Sending(AcmeTransport):
            def check(self) -> HttpRequest:
                return self.build(Message(from_="a@example.com", to="b@example.org"))

        assert "0 messages (or private copies) were to be sent, and 1 are" in faults(contract(Sending), "verify")

    def test_one_that_believes_anything_is_found(self) -> None:
        class Credulous(AcmeTransport):
            def verify(self) -> Any:
                return self.verification("fine")
                yield

        assert "HTTP 401, no body is taken for good credentials" in faults(contract(Credulous), "verify")

    def test_one_that_believes_nothing_is_found(self) -> None:
        def nothing(request: HttpRequest) -> HttpResponse:
            return HttpResponse(404) if request.method == "GET" else answer(request)

        assert "good credentials are refused" in faults(contract(answer=nothing), "verify")


class TestOptions:
    """Options are addressed to a provider."""

    def test_those_for_another_must_not_disturb(self) -> None:
        strict = refusing(
            MessageInvalid("no", field="provider_options"), lambda message: bool(message.provider_options)
        )
        assert "options for another provider are refused" in faults(contract(strict), "options")

    def test_a_misspelt_one_must_be_refused(self) -> None:
        class Deaf(AcmeTransport):
            def options(self, message: Message, kind: Any) -> Any:
                return kind()

        assert "an option that does not exist is not refused as such" in faults(contract(Deaf), "options")


class TestIdempotencyKeys:
    """Two messages have two keys."""

    def test_one_key_for_all_is_found(self) -> None:
        def keyed(request: HttpRequest) -> Any:
            from dataclasses import replace

            return [replace(each, idempotency_key="1") for each in decode(request)]

        kind = with_record(AcmeTransport.features | {"idempotency_key"})
        assert "two messages have the same idempotency key" in faults(contract(kind, decode=keyed), "repetitions")
        assert "idempotency_key: there is none" in faults(contract(kind), "text")


class TestTargets:
    """What a contract can be about."""

    def test_a_dsn_is_built_by_the_plugins(self) -> None:
        from acme_mail import plugin

        by_dsn = TransportContract(f"acme://{KEY}@default", answer=answer, decode=decode, plugins=Plugins([plugin]))
        assert faults(by_dsn, "text") == ""

    def test_a_transport_without_requests_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"memory:// is no HttpTransport"):
            faults(TransportContract("memory://", answer=answer, decode=decode), "text")

    def test_the_example_has_a_part_of_everything_in_json(self) -> None:
        sent = contract().trial("order-confirmation").requests[0]
        assert {"from", "to", "reply_to", "subject", "text", "html", "files", "tags", "data"} <= json.loads(
            sent.body
        ).keys()
