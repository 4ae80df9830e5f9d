"""The log's own health: measured as SQL measures it, told with what is wrong, and changed on its page by who may."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring import expiry, log_health, retention, rollups
from monitoring.models import LogCare, LogSize
from monitoring.rows import Period
from strategies import log_policies
from strategies.audit import Actor
from strategies.models import AuditEntry, LogPolicy, OperationLog, Role, RunStatus, Tenant
from tests.monitoring.past import NOW, TODAY, log, operation, random_past, run, target
from tests.pages import text_of

DAY = timedelta(days=1)
ANNA = Actor("anna", "192.0.2.7")
pytestmark = pytest.mark.django_db


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


@pytest.fixture
def one_of_two(person: Callable[..., Any]) -> Client:
    """A DBA who does not see every tenant."""
    Tenant.objects.create(name="Other")
    client = Client()
    client.force_login(person("olga", Role.DBA))
    return client


def today() -> Any:
    return timezone.now().date()


def sentences(moment: Any = NOW) -> str:
    return " ".join(concern.sentence for concern in log_health.check_log_table_health(moment))


# Measured.


def test_the_database_tells_how_large_the_table_is() -> None:
    before = log_health.get_log_table_size_info()
    log(*(operation(message="x" * 500) for _ in range(400)))
    after = log_health.get_log_table_size_info()
    assert before is not None
    assert after is not None
    assert 200_000 <= after - before <= 2_000_000


def test_what_a_database_cannot_tell_is_not_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        log_health._SIZE, connection.vendor, "SELECT no_such_column FROM generic_operation_log WHERE %s = ''"
    )
    assert log_health.get_log_table_size_info() is None
    size = log_health.monitor_log_table_size(NOW)
    assert size is not None
    assert size.size_bytes is None
    assert OperationLog.objects.count() == 0  # the transaction is whole


def test_rows_are_measured_by_strategy_with_what_is_past_its_time() -> None:
    random_past(1, (target(), None), rows=500, days=150)
    log_policies.set_log_retention_days(ANNA, 20, "LEGACY")
    size = log_health.monitor_log_table_size(NOW)
    assert size is not None
    assert size.row_count == OperationLog.objects.count()
    for name, days in (("LEGACY", 20), ("INDEX_MAINTENANCE", 90)):
        rows = OperationLog.objects.filter(strategy_name=name)
        oldest = rows.earliest("operation_time").operation_time
        gone = rows.filter(operation_time__lt=expiry.start_of(TODAY - days * DAY)).count()
        assert size.strategies[name] == {"rows": rows.count(), "oldest": oldest.date().isoformat(), "expired": gone}
    assert size.oldest_at == OperationLog.objects.earliest("operation_time").operation_time
    assert size.newest_at == OperationLog.objects.latest("operation_time").operation_time


def test_an_empty_log_is_measured_as_well() -> None:
    size = log_health.monitor_log_table_size(NOW)
    assert size is not None
    assert (size.row_count, size.oldest_at, size.strategies, size.expired) == (0, None, {}, 0)


def test_each_day_keeps_its_last_measure_and_it_is_taken_once_an_hour() -> None:
    log(operation())
    assert log_health.is_due(NOW)
    assert log_health.monitor_log_table_size(NOW) is not None
    assert log_health.monitor_log_table_size(NOW + timedelta(minutes=59)) is None
    log(operation())
    log_health.monitor_log_table_size(NOW + timedelta(minutes=60))
    log_health.monitor_log_table_size(NOW + DAY)
    assert list(LogSize.objects.order_by("day").values_list("day", "row_count")) == [(TODAY, 2), (TODAY + DAY, 2)]


def test_a_log_that_was_empty_is_measured_again_as_soon_as_there_may_be_rows() -> None:
    log_health.monitor_log_table_size(NOW)
    log(operation())
    assert log_health.monitor_log_table_size(NOW + timedelta(seconds=59)) is None
    size = log_health.monitor_log_table_size(NOW + timedelta(minutes=1))
    assert size is not None
    assert size.row_count == 1
    assert not log_health.is_due(NOW + timedelta(minutes=2))


def test_what_takes_long_is_measured_less_often() -> None:
    log_health.monitor_log_table_size(NOW)
    LogSize.objects.update(took_ms=60_000)
    assert not log_health.is_due(NOW + timedelta(minutes=199))
    assert log_health.is_due(NOW + timedelta(minutes=200))
    assert log_health.is_due(NOW - DAY)  # the clock was set back


def test_a_worker_is_woken_once_a_minute_while_there_is_something_to_do() -> None:
    log(operation())
    assert log_health.wants_care(NOW)
    assert not log_health.wants_care(NOW + timedelta(seconds=59))
    assert log_health.wants_care(NOW + timedelta(seconds=60))
    retention.prune(NOW)
    log_health.monitor_log_table_size(NOW)
    assert not log_health.wants_care(NOW + timedelta(minutes=30))
    assert log_health.wants_care(NOW + timedelta(minutes=61))
    assert LogCare.objects.count() == 1


@pytest.mark.parametrize("step", [1.0, 2.9])
def test_it_is_found_due_however_long_a_tick_takes(step: float) -> None:
    first = NOW + timedelta(seconds=0.3)
    woken = [n for n in range(200) if log_health.wants_care(first + timedelta(seconds=step * n))]
    assert len(woken) == -(-200 * step // 60) or len(woken) == 200 * step // 60 + 1


def test_to_ask_costs_one_query_and_two_beats_wake_one_worker() -> None:
    assert [log_health.wants_care(NOW), log_health.wants_care(NOW)] == [True, False]
    with CaptureQueriesContext(connection) as queries:
        assert not log_health.wants_care(NOW + timedelta(seconds=1))
    assert len(queries) == 1
    assert log_health.wants_care(NOW - 400 * DAY)  # the clock was set back


# What is wrong.


def well() -> None:
    rollups.roll_up(NOW)
    log_health.monitor_log_table_size(NOW)


def test_nothing_is_wrong_with_a_log_that_is_looked_after() -> None:
    log(*(operation(TODAY - n * DAY) for n in range(60)))
    well()
    assert sentences() == ""


def test_what_is_wrong_is_said() -> None:
    assert "has not been measured yet" in sentences()
    assert "has not been counted within the last hour" in sentences()
    log(operation(TODAY - 100 * DAY))
    well()
    assert "Rows past their time are still there, of 1 strategy." in sentences()
    retention.prune(NOW)
    log_health.monitor_log_table_size(NOW, force=True)
    assert sentences() == ""
    assert "has not been measured for over a day" in sentences(NOW + 2 * DAY)


def test_a_log_that_grows_much_faster_than_before_is_worth_a_word() -> None:
    log(
        *(operation(TODAY - n * DAY) for n in range(8, 36)),
        *(operation(TODAY - n * DAY) for n in range(1, 8) for _ in range(4)),
    )
    well()
    assert "In the last seven days 4 rows a day came, 4.0 times as many" in sentences()


def test_rows_that_never_ended_are_those_that_nobody_works_on(person: Callable[..., Any]) -> None:
    over, open_ = run(target(), RunStatus.LOST), run(target(), RunStatus.PAUSED, finished_at=None)
    old = NOW - 2 * DAY
    rows = {
        "over": operation(old.date(), "STARTED", run=over, target=target()),
        "none": operation(old.date(), "RUNNING"),
        "open": operation(old.date(), "STARTED", run=open_, target=target()),
        "young": operation(TODAY, "STARTED"),
        "ended": operation(old.date()),
        "theirs": operation(old.date(), "PENDING", target=target("theirs", "Other")),
    }
    log(*rows.values())
    found = log_health.never_ended(OperationLog.objects.visible_to(person("anna", Role.DBA)), NOW)
    assert set(found) == {rows["over"], rows["none"]}


def test_growth_is_every_row_that_came_whatever_it_says(person: Callable[..., Any]) -> None:
    random_past(2, (target(),), rows=300, days=20)
    log(operation(target=target("theirs", "Other")))
    rollups.roll_up(NOW)
    user = person("anna", Role.DBA)
    days = log_health.growth(user, Period.ending(TODAY, 30))
    assert len(days) == 30
    for day in days:
        start = expiry.start_of(day.day)
        came = OperationLog.objects.filter(operation_time__gte=start, operation_time__lt=start + DAY, target=target())
        assert day.n == came.count()


# The page.


def a_past() -> None:
    log(
        *(operation(today(), target=target()) for _ in range(5)),
        *(operation(today() - 100 * DAY, target=target(), strategy_name="LEGACY") for _ in range(3)),
        operation(today() - 3 * DAY, "STARTED", target=target(), target_object="stuck"),
    )
    rollups.roll_up(timezone.now())
    log_health.monitor_log_table_size(timezone.now())


def test_the_page_shows_size_growth_rules_and_what_never_ended(dba: Client) -> None:
    a_past()
    log_policies.set_log_retention_days(ANNA, 365, "LEGACY")
    text = text_of(dba.get("/operation-log/"))
    assert '<span class="k">Rows</span> <b>9</b>' in text
    assert 'data-figure="growth-figure"' in text
    assert 'id="growth-table"' in text
    assert "6 rows in 30 days" in text
    assert "365 days" in text
    assert "stuck" in text
    assert "such rows stay for 31 days, however short the log is kept" in text
    assert "Rows past their time are still there" not in text
    assert "style=" not in text.partition("<main")[2]


def test_the_page_says_what_was_not_measured(dba: Client) -> None:
    text = text_of(dba.get("/operation-log/"))
    assert "The log has not been measured yet." in text
    assert "No row in 30 days." in text
    assert "growth-figure" not in text
    log_health.monitor_log_table_size(timezone.now())
    LogSize.objects.update(size_bytes=None)
    assert "not measured" in text_of(dba.get("/operation-log/"))


def test_the_file_has_growth_and_size(dba: Client) -> None:
    a_past()
    rows = list(csv.DictReader(io.StringIO(dba.get("/operation-log/growth.csv?period=7").content.decode())))
    assert len(rows) == 7
    assert (rows[-1]["rows_that_came"], rows[-1]["rows_in_log"]) == ("5", "9")
    assert rows[0]["rows_in_log"] == ""
    assert dba.get("/operation-log/growth.csv?period=x").status_code == 400


def send(client: Client, **fields: Any) -> Any:
    return client.post("/operation-log/rule/", {name: value for name, value in fields.items() if value is not None})


def test_an_operator_changes_the_rule_of_all_and_of_one_strategy(dba: Client) -> None:
    a_past()
    assert send(dba, strategy="", retention_days=120, is_enabled="on").status_code == 302
    send(dba, strategy="LEGACY", retention_days=30)
    assert (log_policies.get_log_retention_days(), log_policies.get_log_retention_days("LEGACY")) == (120, 30)
    assert (log_policies.is_strategy_logging_enabled("LEGACY"), log_policies.is_logging_enabled()) == (False, True)
    text = text_of(dba.get("/operation-log/"))
    assert "The rule for legacy is changed." in text
    assert "Switched off" in text
    actions = list(
        AuditEntry.objects.filter(action__startswith="log.").order_by("pk").values_list("action", "object_name")
    )
    assert actions == [
        ("log.retention_changed", "all strategies"),
        ("log.retention_changed", "LEGACY"),
        ("log.switched_off", "LEGACY"),
    ]
    send(dba, strategy="LEGACY", retention_days=30, how="follow")
    assert log_policies.get_log_retention_days("LEGACY") == 120
    send(dba, strategy="", retention_days=120, is_enabled="on")
    assert "It was so already" in text_of(dba.get("/operation-log/"))


def test_the_form_begins_as_the_rule_is(dba: Client) -> None:
    a_past()
    log_policies.set_strategy_logging(ANNA, "LEGACY", False)
    log_policies.set_logging_enabled(ANNA, False)
    text = text_of(dba.get("/operation-log/?rule=LEGACY"))
    assert "Rule for Legacy" in text
    assert "As all others" in text
    form = dba.get("/operation-log/?rule=INDEX_MAINTENANCE").context["rule_form"]
    assert (form["retention_days"].value(), form["is_enabled"].value()) == (
        90,
        True,
    )  # its own switch; that of all is off
    assert dba.get("/operation-log/?rule=LEGACY").context["rule_form"]["is_enabled"].value() is False
    assert "Rule for all strategies" in text_of(dba.get("/operation-log/?rule=no+such"))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"strategy": "", "retention_days": "0"}, "greater than or equal to 1"),
        ({"strategy": "", "retention_days": "3651"}, "less than or equal to 3650"),
        ({"strategy": "", "retention_days": "soon"}, "Enter a whole number."),
        ({"strategy": ""}, "This field is required."),
        ({"strategy": "NO SUCH", "retention_days": "5"}, "There is no such strategy in the list"),
    ],
)
def test_a_rule_that_is_wrong_is_named_and_nothing_is_changed(
    fields: dict[str, str], problem: str, dba: Client
) -> None:
    response = send(dba, **fields)
    assert response.status_code == 422
    assert problem in text_of(response)
    assert not LogPolicy.objects.exists()


def test_pruning_shows_first_and_deletes_what_was_shown(dba: Client) -> None:
    a_past()
    response = dba.get("/operation-log/prune/")
    text = text_of(response)
    assert "Prune 3 rows" in text
    assert (today() - 100 * DAY).strftime("%-d %b %Y") in text
    shown = response.context["shown"]
    assert OperationLog.objects.count() == 9
    late = log(operation(today() - 100 * DAY, target=target()))
    sent = dba.post("/operation-log/prune/", {"up_to": shown.up_to, "digest": shown.digest})
    assert sent.status_code == 302
    assert "3 rows are pruned." in text_of(dba.get("/operation-log/"))
    assert OperationLog.objects.filter(pk=late[0].pk).exists()
    assert AuditEntry.objects.get(action="log.pruned").actor == "anna"
    assert LogSize.objects.get().row_count == 7


@pytest.mark.parametrize("change", ["rule", "rows", "typed", "nothing sent"])
def test_what_is_not_as_it_was_shown_is_not_pruned(change: str, dba: Client) -> None:
    a_past()
    shown = dba.get("/operation-log/prune/").context["shown"]
    sent = {"up_to": str(shown.up_to), "digest": shown.digest}
    if change == "rule":
        log_policies.set_log_retention_days(ANNA, 365, "LEGACY")
    elif change == "rows":
        OperationLog.objects.filter(strategy_name="LEGACY").first().delete()  # type: ignore[union-attr]
    elif change == "typed":
        sent["up_to"] = "9" * 30
    else:
        sent = {}
    before = OperationLog.objects.count()
    response = dba.post("/operation-log/prune/", sent)
    assert response.status_code == 422
    assert "What would go has changed since it was shown" in text_of(response)
    assert OperationLog.objects.count() == before


def test_pruning_has_nothing_to_do_or_says_why_it_waits(dba: Client) -> None:
    assert "has not been counted within the last hour" in text_of(dba.get("/operation-log/prune/"))
    log(operation(today()))
    rollups.roll_up(timezone.now())
    assert "No row is past its time." in text_of(dba.get("/operation-log/prune/"))
    a_past()
    shown = dba.get("/operation-log/prune/").context["shown"]
    LogCare.objects.create(pk=1, busy_until=timezone.now() + timedelta(minutes=3))
    dba.post("/operation-log/prune/", {"up_to": shown.up_to, "digest": shown.digest})
    assert "try again in some minutes" in text_of(dba.get("/operation-log/"))


def test_what_takes_too_long_for_a_request_is_left_to_the_night(dba: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.views import log_health as view

    a_past()
    monkeypatch.setattr(view, "PRUNE_SECONDS", 0.0)
    shown = dba.get("/operation-log/prune/").context["shown"]
    dba.post("/operation-log/prune/", {"up_to": shown.up_to, "digest": shown.digest})
    assert "The rest goes by night, or prune again." in text_of(dba.get("/operation-log/"))


def test_only_who_sees_every_tenant_changes_how_the_log_is_kept(one_of_two: Client) -> None:
    a_past()
    text = text_of(one_of_two.get("/operation-log/"))
    assert "only somebody who sees them all may change how it is kept" in text
    assert "/operation-log/prune/" not in text
    send(one_of_two, strategy="", retention_days=5, is_enabled="on")
    shown = retention.preview(timezone.now())
    one_of_two.post("/operation-log/prune/", {"up_to": shown.up_to, "digest": shown.digest})
    assert one_of_two.get("/operation-log/prune/").status_code == 302
    assert not LogPolicy.objects.exists()
    assert OperationLog.objects.count() == 9
    assert not AuditEntry.objects.filter(action__startswith="log.").exists()


def test_nobody_sees_anything_of_another_tenant(one_of_two: Client) -> None:
    log(
        *(operation(today(), target=target("theirs", "Other"), strategy_name="SECRET_WORK") for _ in range(77)),
        operation(today() - 3 * DAY, "STARTED", target=target("theirs", "Other"), target_object="secret_table"),
    )
    rollups.roll_up(timezone.now())
    log_health.monitor_log_table_size(timezone.now())
    for path in ("/operation-log/", "/operation-log/growth.csv"):
        text = one_of_two.get(path).content.decode()
        assert "secret" not in text.lower(), path
        assert "77" not in text.partition("<main")[2] or path.endswith("csv"), path
    assert "77" not in one_of_two.get("/operation-log/growth.csv").content.decode()


def test_who_may_not_operate_sees_no_form(person: Callable[..., Any]) -> None:
    a_past()
    client = Client()
    client.force_login(person("mara", Role.MANAGER))
    text = text_of(client.get("/operation-log/"))
    assert "/operation-log/prune/" not in text
    assert "Save" not in text
    assert send(client, strategy="", retention_days=5).status_code == 403
    assert client.get("/operation-log/prune/").status_code == 403
    client.force_login(person("sam", Role.STAKEHOLDER))
    assert client.get("/operation-log/").status_code == 403
    assert client.get("/operation-log/growth.csv").status_code == 403


def test_ten_times_the_log_costs_no_more_queries_and_the_page_does_not_read_it(dba: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert dba.get("/operation-log/?period=365").status_code == 200
        read = [query["sql"] for query in queries if 'FROM "generic_operation_log"' in query["sql"]]
        assert len(read) == 1  # those that never ended
        assert '"status" IN' in read[0]
        return len(queries)

    a_past()
    before = cost()
    random_past(9, (*(target(f"t{n}") for n in range(5)), None), rows=800, days=60)
    rollups.roll_up(timezone.now() + timedelta(minutes=2), force=True)
    log_health.monitor_log_table_size(timezone.now(), force=True)
    assert cost() == before
    # In SQLite there are no partitions to ask for; elsewhere they are asked for twice, each time within a transaction
    assert before <= (32 if connection.vendor == "sqlite" else 32 + 2 * 3)
