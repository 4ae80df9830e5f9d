"""E-mail: a real server takes it, refuses it, vanishes; each answer has its fate, and no letter says more than it should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.notifications.base import Fate, RecipientRefused, SettingsRefused
from monitoring.notifications.email import CHANNEL, EmailSettings
from tests.monitoring.notifications.messages import WRITTEN_AT, message
from tests.monitoring.notifications.receivers import Mailbox, self_signed

PASSWORD = "correct-horse"
SECONDS = 20  # never waited for, unless something hangs


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        yield running


def settings(mailbox: Mailbox, **changes: object) -> EmailSettings:
    return CHANNEL.read_settings(
        {"host": mailbox.host, "port": str(mailbox.port), "security": "none", "from_address": "portal@bücher.example"}
        | changes
    )


def test_a_letter_arrives_with_all_that_mail_programs_go_by(mailbox: Mailbox) -> None:
    leave_url = f"https://portal.example.org/leave/{'t' * 120}/"
    sent = message(
        subject="Größe\r\nBcc: eve@example.org", html="<p>Run 7 fäiled.</p>", severity="critical", leave_url=leave_url
    )
    assert CHANNEL.send(settings(mailbox), None, sent, SECONDS).fate is Fate.DELIVERED
    (letter,) = mailbox.letters
    assert (letter.sender, letter.recipient) == ("portal@xn--bcher-kva.example", "anna@example.org")
    mail = letter.mail
    assert mail["Message-ID"] == "<notification-7@xn--bcher-kva.example>"
    assert mail["From"] == "Maintenance Portal <portal@xn--bcher-kva.example>"
    assert mail["To"] == "anna@example.org"
    assert mail["Subject"] == "Größe Bcc: eve@example.org"
    assert mail["Bcc"] is None
    assert mail["Date"].datetime == WRITTEN_AT
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    assert f"List-Unsubscribe: <{leave_url}>\r\n".encode() in letter.raw  # in one piece, as programs look for it
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, rich = mail.iter_parts()
    assert plain.get_content().splitlines() == sent.text.splitlines()
    assert rich.get_content().strip() == "<p>Run 7 fäiled.</p>"
    assert letter.raw.isascii()

    assert (
        CHANNEL.send(settings(mailbox), None, message(severity="info", text="half \udcff"), SECONDS).fate
        is Fate.DELIVERED
    )
    assert mailbox.letters[1].mail["Importance"] is None, "to whom it is sent, it matters"
    assert mailbox.letters[1].mail["List-Unsubscribe"] is None
    assert mailbox.letters[1].mail.get_content().strip() == "half ?"


@pytest.mark.parametrize(
    ("told", "fate", "is_channel_trouble"),
    [
        ({"recipient_answer": "550 5.1.1 No such person"}, Fate.REFUSED, False),
        ({"recipient_answer": "450 4.2.0 Greylisted"}, Fate.LATER, False),
        ({"recipient_answer": "530 5.7.0 Sign in first"}, Fate.LATER, True),
        ({"recipient_answer": "421 4.3.2 Shutting down"}, Fate.LATER, True),
        ({"data_answer": "554 5.6.0 Not this"}, Fate.REFUSED, False),
        ({"data_answer": "452 4.2.2 Mailbox full"}, Fate.LATER, False),
        ({"sender_answer": "550 5.7.1 Not you"}, Fate.LATER, True),
        ({"drops_after_data": True}, Fate.UNANSWERED, False),
    ],
)
def test_each_answer_has_its_fate(
    mailbox: Mailbox, told: dict[str, str | bool], fate: Fate, is_channel_trouble: bool
) -> None:
    for name, value in told.items():
        setattr(mailbox, name, value)
    answer = CHANNEL.send(settings(mailbox), None, message(), SECONDS)
    assert (answer.fate, answer.is_channel_trouble) == (fate, is_channel_trouble)
    words = next(iter(told.values()))
    assert (answer.said == words) if isinstance(words, str) else "lost" in answer.said
    assert len(mailbox.letters) == (1 if fate is Fate.UNANSWERED else 0)


def test_a_server_that_is_away_is_trouble_of_the_channel_until_it_is_back(mailbox: Mailbox) -> None:
    mailbox.stop()
    away = CHANNEL.send(settings(mailbox), None, message(), SECONDS)
    assert (away.fate, away.is_channel_trouble) == (Fate.LATER, True)
    mailbox.start()
    assert CHANNEL.send(settings(mailbox), None, message(), SECONDS).fate is Fate.DELIVERED


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_sign_in_goes_to_a_server_whose_certificate_is_trusted_and_to_no_other(
    security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path)
    with Mailbox(security=security, certificate=certificate, sign_in=("portal", PASSWORD)) as mailbox:  # type: ignore[arg-type]
        chosen = settings(mailbox, security=security, user_name="portal")
        strange = CHANNEL.send(chosen, PASSWORD, message(), SECONDS)
        assert (strange.fate, strange.is_channel_trouble) == (Fate.LATER, True)
        assert "certificate is not accepted" in strange.said
        assert mailbox.sign_ins == 0

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
        assert CHANNEL.send(chosen, PASSWORD, message(), SECONDS).fate is Fate.DELIVERED
        assert mailbox.sign_ins == 1
        for secret, words in (("wrong-horse", "sign-in was refused"), (None, "no password")):
            refused = CHANNEL.send(chosen, secret, message(), SECONDS)
            assert (refused.fate, refused.is_channel_trouble) == (Fate.LATER, True)
            assert words in refused.said
        assert len(mailbox.letters) == 1


def test_a_server_that_offers_no_encryption_or_wants_a_sign_in_is_told_nothing() -> None:
    with Mailbox(sign_in=("portal", PASSWORD)) as mailbox:
        for chosen in (settings(mailbox, security="starttls", user_name="portal"), settings(mailbox)):
            answer = CHANNEL.send(chosen, PASSWORD, message(), SECONDS)
            assert (answer.fate, answer.is_channel_trouble) == (Fate.LATER, True)
        assert (mailbox.sign_ins, mailbox.letters) == (0, [])
        # To this machine itself a password may go in clear: nobody is between.
        assert CHANNEL.send(settings(mailbox, user_name="portal"), PASSWORD, message(), SECONDS).fate is Fate.DELIVERED


def test_a_password_that_the_server_repeats_is_not_told_on(mailbox: Mailbox) -> None:
    mailbox.recipient_answer = f"550 You said {PASSWORD} and AHBvcnRhbABjb3JyZWN0LWhvcnNl"
    answer = CHANNEL.send(settings(mailbox, user_name="portal"), PASSWORD, message(), SECONDS)
    assert answer.is_channel_trouble  # a server that knows no AUTH
    mailbox.sign_in = ("portal", PASSWORD)
    answer = CHANNEL.send(settings(mailbox, user_name="portal"), PASSWORD, message(), SECONDS)
    assert (answer.fate, answer.said) == (Fate.REFUSED, "550 You said … and …")
    assert PASSWORD not in CHANNEL.describe(settings(mailbox, user_name="portal"), PASSWORD)


def test_letters_beyond_ascii_before_the_at_go_only_where_the_server_takes_them() -> None:
    with Mailbox() as mailbox:
        assert (
            CHANNEL.send(settings(mailbox), None, message(recipient="jürgen@example.org"), SECONDS).fate
            is Fate.DELIVERED
        )
        assert mailbox.letters[0].recipient == "jürgen@example.org"
    with Mailbox(takes_umlauts=False) as mailbox:
        assert (
            CHANNEL.send(settings(mailbox), None, message(recipient="jürgen@example.org"), SECONDS).fate is Fate.REFUSED
        )
        assert CHANNEL.send(settings(mailbox), None, message(), SECONDS).fate is Fate.DELIVERED


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Anna.Berg+db@Example.ORG ", "Anna.Berg+db@example.org"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("root@localhost", "root@localhost"),
        ("o'neil@mail.example.org.", "o'neil@mail.example.org"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert CHANNEL.read_recipient(typed) == kept
    assert CHANNEL.read_recipient(kept) == kept


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "is needed"),
        ("anna", "looks like name@example.org"),
        ("@example.org", "looks like name@example.org"),
        ("anna@example", "not complete"),
        ("anna@10.0.0.1", "not complete"),
        ("anna@[10.0.0.1]", "a mail domain is needed"),
        ("anna@exa mple.org", "only what looks like"),
        ("Anna <anna@example.org>", "only what looks like"),
        ("anna@example.org, bob@example.org", "One address only"),
        ("anna..b@example.org", "before the @"),
        ('"a b"@example.org', "only what looks like"),
        ("anna@example.org\r\nBcc: eve@example.com", "One address only"),
        ("anna@-x-.example.org", "not a name that a host can have"),
        ("x" * 65 + "@example.org", "before the @"),
        ("anna@" + "a" * 64 + ".org", "not a name that a host can have"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(typed: str, why: str, mailbox: Mailbox) -> None:
    with pytest.raises(RecipientRefused, match=why) as refused:
        CHANNEL.read_recipient(typed)
    assert "\n" not in str(refused.value)
    if typed:
        assert CHANNEL.send(settings(mailbox), None, message(recipient=typed), SECONDS).fate is Fate.REFUSED
        assert mailbox.letters == []


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"user_name": "portal", "host": "mail.example.org"}, "user_name", "no password is sent"),
        ({"user_name": "pörtal"}, "user_name", "plain ASCII"),
        ({"host": "mail.example.org/x"}, "host", "not a name that a host can have"),
        ({"from_address": "pörtal@example.org"}, "from_address", "plain ASCII"),
        ({"security": "ssl"}, "security", "starttls"),
    ],
)
def test_settings_that_would_give_something_away_or_cannot_work_are_refused(
    changes: dict[str, str], field: str, why: str, mailbox: Mailbox
) -> None:
    with pytest.raises(SettingsRefused) as refused:
        settings(mailbox, **changes)
    assert list(refused.value.problems) == [field]
    assert why in refused.value.problems[field]


def test_a_password_that_cannot_be_sent_is_refused_without_being_repeated() -> None:
    CHANNEL.check_secret(None)
    with pytest.raises(SettingsRefused, match="plain ASCII") as refused:
        CHANNEL.check_secret("geheim-ß")
    assert "geheim" not in str(refused.value)
