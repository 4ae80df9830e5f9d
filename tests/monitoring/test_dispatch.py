"""Each entry makes one message for each recipient and channel, led there by rules, jobs, configurations and approvals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError
from django.utils import timezone

from monitoring import dispatch, recipients, subscribers, told_entries
from monitoring.models import ITSELF, Delivery, MessageText, Notification, NotificationReader
from strategies import calendars, sealing, signing
from strategies.audit import Actor
from strategies.batches import Budget
from strategies.change_checks import version
from strategies.models import (
    Approval,
    Calendar,
    CalendarEntry,
    CalendarKind,
    JobRun,
    MaintenanceWindow,
    Role,
    RunStatus,
    Target,
    Tenant,
)
from strategies.window_changes import keep_window, remove_window
from tests.consents import production, somebody, two_levels, waiting_for_people
from tests.jobs import a_config, a_job, settled
from tests.monitoring.told import ANNA, ended, hook_channel, mail_channel, read_to, reading_on, rule, tell
from tests.pages import ended_run, step

pytestmark = pytest.mark.django_db


def target(name: str = "shop", **values: object) -> Target:
    known = {"platform": "sqlite", "url": f"sqlite:////nowhere/{name}.db", **values}
    tenant = known.pop("tenant", None) or Tenant.objects.get(name="Main")
    return Target.objects.create(name=name, tenant=tenant, **known)


def failed(target: Target, **values: object) -> JobRun:
    run = ended_run(target, RunStatus.FAILED, step(1), message="The lock was not given.")
    if values:
        JobRun.objects.filter(pk=run.pk).update(**values)
    return run


def who(notes: list[Notification]) -> set[tuple[str, str]]:
    return {(note.channel.name, note.recipient) for note in notes if note.state == Delivery.WAITING}


def test_an_entry_is_told_once_to_each_recipient_of_each_channel() -> None:
    shop, mail, hook = target(), mail_channel(), hook_channel()
    rule(mail, "one", recipients="a@example.org, b@example.org")
    rule(mail, "two", recipients="B@example.org")
    rule(hook)
    reading_on()
    run = failed(shop)
    ended(run, message="The lock was not given.")
    notes = tell()
    assert who(notes) == {("Mail", "a@example.org"), ("Mail", "b@example.org"), ("Hook", ITSELF)}
    assert len(notes) == 3
    note = notes[0]
    assert note.subject == "Run failed: Index maintenance on shop"
    assert "The lock was not given." in note.body
    assert (note.severity, note.path, note.facts["run"]) == ("critical", f"/runs/{run.pk}/", run.pk)
    assert tell() == []


def test_no_more_messages_are_made_at_once_than_fit_into_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MOST_NOTES", 3)
    rule(mail_channel(), recipients="a@example.org, b@example.org")
    reading_on()
    run = failed(target())
    for _ in range(5):
        ended(run)
    sealing.seal(timezone.now())
    assert dispatch.dispatch(timezone.now(), Budget(0)) == 4, "two entries, each whole"
    assert dispatch.dispatch(timezone.now()) == 6


def test_nobody_is_told_of_what_was_before_the_first_look() -> None:
    rule(hook_channel())
    ended(failed(target()))
    sealing.seal(timezone.now())
    assert dispatch.dispatch(timezone.now()) == 0
    assert dispatch.dispatch(timezone.now()) == 0
    assert read_to() == sealing.AuditSeal.objects.count()
    assert not Notification.objects.exists()


def test_after_an_update_nobody_is_told_of_entries_that_are_sealed_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    rule(hook_channel())
    run = failed(target())
    for _ in range(3):
        ended(run)
    while sealing.is_behind():
        sealing.seal(timezone.now(), Budget(0))
        assert dispatch.dispatch(timezone.now()) == 0
    dispatch.dispatch(timezone.now())
    assert not Notification.objects.exists()
    ended(run)
    assert len(tell()) == 1


def test_whoever_reads_second_tells_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    rule(hook_channel())
    reading_on()
    ended(failed(target()))
    sealing.seal(timezone.now())
    stale = read_to()
    assert dispatch.dispatch(timezone.now()) == 1
    monkeypatch.setattr(dispatch, "_read_to", iter([stale, None]).__next__)
    assert dispatch.dispatch(timezone.now()) == 0
    assert Notification.objects.count() == 1


def test_rules_take_by_scope_event_strategy_and_severity() -> None:
    shop, ledger = target(), target("ledger", environment="production")
    channel = hook_channel()
    reading_on()
    matches = {
        "everything": {}, "its database": {"target": shop}, "its environment": {"environment": "development"},
        "its tenant": {"tenant": shop.tenant}, "its strategy": {"strategy_name": "INDEX_MAINTENANCE"},
        "its kind": {"events": ["runs_end"]}, "critical": {"least_severity": "critical"},
    }  # fmt: skip
    others = {
        "another database": {"target": ledger}, "another environment": {"environment": "production"},
        "another strategy": {"strategy_name": "SPACE_MAINTENANCE"}, "another kind": {"events": ["approvals", "windows"]},
        "switched off": {"is_active": False},
    }  # fmt: skip
    run = failed(shop)
    ended(run)
    sealing.seal(timezone.now())
    told = told_entries.told(list(sealing.AuditSeal.objects.select_related("entry").filter(number__gt=read_to())))
    for name, values in {**matches, **others}.items():
        row = rule(channel, name, **values)
        found = recipients.Directory.load(timezone.now()).of(told[-1], {}, subscribers.Heard({}, {}))
        assert bool(found) is (name in matches), name
        row.delete()


def test_a_jobs_own_columns_say_who_is_told_of_which_end() -> None:
    """A timeout is no success, and what a job does not say its configuration does."""
    shop = target()
    mail_channel()
    config = a_config(shop, notification_config={"recipients": ["config@example.org"], "channels": "Hook"})
    hook_channel()
    job = settled(a_job(shop, notification_recipients="dba@example.org; ops@example.org"))
    reading_on()
    seen = {}
    for how in ("started", "succeeded", "warning", "failed", "timed_out", "cancelled", "missed", "lost", "continued"):
        ended(failed(shop, job=job, config=config), how)
        seen[how] = who(tell())
    everybody = {("Mail", "dba@example.org"), ("Mail", "ops@example.org"), ("Hook", ITSELF)}
    failures = ("warning", "failed", "timed_out", "cancelled", "missed", "lost")
    assert seen == {how: everybody if how in failures else set() for how in seen}
    job.notify_on_success, job.notify_on_failure, job.notification_recipients = True, False, None
    job.save()
    for how, expected in (("succeeded", {("Mail", "config@example.org"), ("Hook", ITSELF)}), ("failed", set())):
        ended(failed(shop, job=job, config=config), how)
        assert who(tell()) == expected


def test_a_run_that_was_withdrawn_before_it_began_is_no_failure_of_its_job() -> None:
    shop = target()
    mail_channel()
    job = settled(a_job(shop, notification_recipients="dba@example.org"))
    reading_on()
    ended(failed(shop, job=job, started_at=None), "cancelled")
    assert tell() == []


def test_what_cannot_be_told_is_said_and_keeps_nobody_else_from_being_told() -> None:
    shop, other = target(), Tenant.objects.create(name="Other")
    olga = somebody("olga", Role.DBA, tenant="Other")
    olga.email = "olga@example.org"
    olga.save()
    somebody("nomail", Role.DBA)
    stan = somebody("stan", Role.STAKEHOLDER)  # who reads no errors on pages either
    stan.email = "stan@example.org"
    stan.save()
    rule(mail_channel(), recipients="olga@example.org, stan, good@example.org, nobody, nomail, @@")
    rule(hook_channel("Theirs", tenant=other))
    reading_on()
    ended(failed(shop))
    notes = tell()
    assert who(notes) == {("Mail", "good@example.org")}
    said = {note.recipient: note.said for note in notes if note.state == Delivery.DROPPED}
    assert "may not see" in said["olga@example.org"]
    assert "may not see" in said["stan@example.org"]
    assert "no user name" in said["nobody"]
    assert "no mail address" in said["nomail"]
    assert said["@@"]


def test_without_a_channel_for_people_the_trouble_is_kept() -> None:
    shop = target()
    job = settled(a_job(shop, notification_recipients="dba@example.org"))
    config = a_config(shop, notification_config={"colour": "red", "recipients": 3})
    reading_on()
    ended(failed(shop, job=job, config=config))
    assert tell() == []
    assert "colour" in NotificationReader.objects.get().trouble
    ended(failed(shop, job=job))
    assert tell() == []
    assert "no e-mail channel" in NotificationReader.objects.get().trouble


def test_a_message_of_the_start_says_nothing_of_an_end_that_came_meanwhile() -> None:
    rule(hook_channel(), events=["runs_begin"])
    reading_on()
    run = failed(production("shop"))
    JobRun.objects.filter(pk=run.pk).update(started_at=timezone.now(), duration_ms=900)
    ended(run, "started", "")
    (note,) = tell()
    assert "Began" in note.body
    assert "took" not in note.body
    assert note.facts["took"] is None


@pytest.mark.parametrize("fault", [RuntimeError, DataError, IntegrityError])
def test_one_entry_that_fails_keeps_none_of_the_others_from_being_told(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    shop = target()
    rule(hook_channel())
    reading_on()
    runs = [failed(shop) for _ in range(3)]
    for run in runs:
        ended(run)
    whole = recipients.Directory.of

    def fail_on_second(self: recipients.Directory, told: told_entries.Told, *rest: Any) -> list[recipients.To]:
        if told.run == runs[1]:
            raise fault("a fault of the portal")
        return whole(self, told, *rest)

    monkeypatch.setattr(recipients.Directory, "of", fail_on_second)
    assert [note.facts["run"] for note in tell()] == [runs[0].pk, runs[2].pk]
    assert "the portal failed" in NotificationReader.objects.get().trouble


def test_trouble_of_the_database_is_no_entrys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    rule(hook_channel())
    reading_on()
    ended(failed(target()))
    sealing.seal(timezone.now())
    before = read_to()
    with monkeypatch.context() as patch:
        patch.setattr(recipients.Directory, "load", give_way)
        with pytest.raises(OperationalError):
            dispatch.dispatch(timezone.now())
    assert read_to() == before
    assert dispatch.dispatch(timezone.now()) == 1


def give_way(*_: object) -> None:
    raise OperationalError("database is locked")


def people() -> None:
    for name, role in (("anna", Role.DBA), ("bert", Role.APPROVER), ("carl", Role.MANAGER), ("dora", Role.APPROVER)):
        user = somebody(name, role, tenant="Other" if name == "dora" else "Main")
        user.email = f"{name}@example.org"
        user.save()


def test_whoever_is_asked_is_told_level_by_level_and_whoever_asked_hears_the_answer() -> None:
    people()
    two_levels()
    mail_channel()
    reading_on()
    approval = waiting_for_people(production(), moment=timezone.now())
    notes = tell()
    assert who(notes) == {("Mail", "bert@example.org")}
    assert f"/approvals/{approval.pk}/" in {note.path for note in notes}
    bert, carl = (signing.User.objects.get(username=name) for name in ("bert", "carl"))
    signing.approve(approval.pk, bert, Actor("bert"), 0, "", timezone.now())
    assert who(tell()) == {("Mail", "carl@example.org")}
    signing.approve(approval.pk, carl, Actor("carl"), 1, "fine", timezone.now())
    notes = tell()
    assert who(notes) == {("Mail", "anna@example.org")}
    assert notes[0].subject.startswith("Approved: Index maintenance on ledger")
    assert "by carl" in notes[0].body


def test_a_question_that_was_answered_meanwhile_is_not_asked() -> None:
    people()
    mail_channel()
    reading_on()
    approval = waiting_for_people(production(), moment=timezone.now())
    Approval.objects.filter(pk=approval.pk).update(state="withdrawn")
    assert who(tell()) == set()


def test_windows_are_told_when_they_are_planned_changed_and_cancelled() -> None:
    people()
    anna = signing.User.objects.get(username="anna")
    anna.is_superuser = True
    anna.save()
    shop = target(environment="production")
    rule(hook_channel(), events=["windows"], target=shop)
    reading_on()
    window = MaintenanceWindow(
        name="Saturday", starts="2027-01-02T22:00", minutes=60, rule="FREQ=WEEKLY", environment="production", owner="anna",
        time_zone="Europe/Vienna",
    )  # fmt: skip
    keep_window(ANNA, anna, window)
    drawn_from, window.minutes = version(window), 90
    keep_window(ANNA, anna, window, drawn_from=drawn_from)
    remove_window(ANNA, anna, window)
    notes = tell()
    assert [note.subject for note in notes] == [
        "Window planned: Saturday", "Window changed: Saturday", "Window cancelled: Saturday",
    ]  # fmt: skip
    assert "Minutes: 60 → 90" in notes[1].body
    assert "environment Production" in notes[2].body


def test_a_message_is_of_the_tenant_that_it_is_about(person) -> None:  # type: ignore[no-untyped-def]
    """A window of a tenant is about no one database; its message is shown to nobody else's DBAs all the same."""
    main, other = Tenant.objects.get(name="Main"), Tenant.objects.create(name="Other")
    rule(hook_channel())
    reading_on()
    boss = signing.User.objects.create_superuser("boss")
    for name, tenant in (("Theirs", other), ("Ours", main), ("Everybody's", None)):
        values = {"starts": "2027-01-02T22:00", "minutes": 60, "owner": "boss", "tenant": tenant}
        keep_window(ANNA, boss, MaintenanceWindow(name=name, **values))
    assert [note.tenant for note in tell()] == [other, main, None]
    anna = person("anna", Role.DBA)
    seen = Notification.objects.visible_to(anna).order_by("pk").values_list("subject", flat=True)
    assert list(seen) == ["Window planned: Ours", "Window planned: Everybody's"]


def test_the_texts_that_people_wrote_are_used_and_one_that_fails_gives_way_to_ours() -> None:
    shop = target()
    rule(hook_channel())
    reading_on()
    text = MessageText.objects.create(
        event="run.failed", audience="technical", subject="Trouble on {{ database }}", body="See run {{ run }}."
    )
    run = failed(shop)
    ended(run)
    assert [(note.subject, note.body) for note in tell()] == [("Trouble on shop", f"See run {run.pk}.")]
    MessageText.objects.filter(pk=text.pk).update(body="{% broken %}")
    ended(run)
    assert [note.subject for note in tell()] == ["Run failed: Index maintenance on shop"]
    text.refresh_from_db()
    assert "cannot be read" in text.trouble


def test_the_same_queries_however_many_entries(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    shop = target()
    rule(hook_channel())
    reading_on()
    counts = []
    for many in (2, 20):
        for _ in range(many):
            ended(failed(shop))
        sealing.seal(timezone.now())
        with django_assert_max_num_queries(40) as queries:
            assert dispatch.dispatch(timezone.now()) == many
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_freezes_are_told_where_they_hold_and_hours_of_backups_are_not() -> None:
    shop, books = target(), target("books", tenant=Tenant.objects.create(name="Other"))
    rule(hook_channel(), target=shop)
    rule(hook_channel("Theirs"), target=books)
    reading_on()
    anna = somebody("anna", Role.DBA)
    rows = [Calendar(name=kind.label, kind=kind, owner="anna") for kind in (CalendarKind.FREEZE, CalendarKind.BACKUP)]
    for row in rows:
        calendars.keep_calendar(ANNA, anna, row, [{"target": shop}])
        entry = CalendarEntry(
            calendar=row, name="Close", starts="2099-12-24T00:00", minutes=1440, time_zone="UTC", reason="year's end"
        )  # fmt: skip
        calendars.keep_entry(ANNA, anna, entry)
        if row.kind == CalendarKind.FREEZE:
            calendars.lift(ANNA, entry, datetime(2099, 12, 24, tzinfo=UTC), "needed after all", timezone.now())
        calendars.remove_entry(ANNA, anna, entry)
    notes = tell()
    assert [(note.channel.name, note.subject) for note in notes] == [
        ("Hook", "Freeze added: Close (Freeze)"), ("Hook", "Freeze lifted: Close (Freeze)"),
        ("Hook", "Freeze removed: Close (Freeze)"),
    ]  # fmt: skip
    assert "From Thu 24 Dec 00:00 UTC until Fri 25 Dec 00:00 UTC" in notes[1].body
    assert "Reason: needed after all" in notes[1].body
    assert (notes[0].tenant, notes[0].severity) == (shop.tenant, "warning")
