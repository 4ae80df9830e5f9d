"""deploy_strategy within one process: which runs it makes, what it says, and with which state it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maintenance_portal import at_once
from maintenance_portal.foreground import StopAsked
from strategies import deployments
from strategies.models import Deployment, JobRun, MaintenanceJob, Origin, Target
from strategies.platforms.base import ObjectUnknown
from tests.generated import NAME, home, job, kept, registration
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_newest_version_is_brought_to_home() -> None:
    home()
    kept()
    kept(registration(jobs=[job("only")]))
    said = command("deploy_strategy", NAME, "--json")
    assert (said.code, said.err) == (0, "")
    assert (said.answer["strategy"], said.answer["version"], said.answer["target"]) == (NAME, 2, "home")
    (run,) = said.answer["runs"]
    assert (run["status"], len(run["plan"]["steps"])) == ("succeeded", 3)
    kept_run = JobRun.objects.get(pk=run["run_id"])
    assert (kept_run.origin, kept_run.strategy_version) == (Origin.COMMAND, 2)
    assert list(MaintenanceJob.objects.filter(strategy=NAME).values_list("job_name", flat=True)) == ["only"]


def test_an_earlier_version_for_another_database_is_said_to_people(shop: Target, shop_file: Path) -> None:
    home()
    kept()
    kept(registration(jobs=[]))
    said = command("deploy_strategy", NAME, "--version", "1", "--target", "shop")
    assert said.code == 0, said.err
    assert said.out.startswith("On home:\nRun ")
    assert f"job second of {NAME} for shop" in said.out
    assert (Deployment.objects.get().place, Deployment.objects.get().number) == (shop, 1)


@pytest.mark.parametrize(
    ("refusal", "code", "err"),
    [
        (ObjectUnknown("It is gone."), 2, "NAME: It is gone.\n"),
        (StopAsked(), 1, "Stopped before there was a run on home.\n"),
    ],
)
def test_what_was_done_is_told_although_the_second_run_is_refused(
    refusal: Exception, code: int, err: str, shop: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = home()
    kept()
    real, asked = at_once.run, []

    def run(attendant: Any, actor: Any, target: Target, strategy: str, target_object: str, given: Any) -> JobRun:
        asked.append(target)
        if len(asked) == 2:
            raise refusal
        return real(attendant, actor, main, strategy, target_object, given)  # no Oracle is here to take the package

    monkeypatch.setattr(at_once, "run", run)
    monkeypatch.setattr(deployments, "has_package_for", lambda version, place: True)
    said = command("deploy_strategy", NAME, "--target", "shop", "--json")
    assert (said.code, said.err) == (code, err)
    assert [row["status"] for row in said.answer["runs"]] == ["succeeded"]
    assert [target.name for target in asked] == ["shop", "home"]


@pytest.mark.parametrize(
    ("words", "err"),
    [
        (("TABEL_CARE",), "NAME: There is no version of TABEL_CARE (did you mean TABLE_CARE?)\n"),
        ((NAME, "--version", "7"), f"--version: There is no version 7 of {NAME}.\n"),
        ((NAME, "--version", "-1"), "--version: expected the number of a version, from 1 on\n"),
        ((NAME, "--target", "nowhere"), "--target: no target is named 'nowhere'\n"),
    ],
)
def test_what_is_not_there_is_refused(words: tuple[str, ...], err: str) -> None:
    kept()
    said = command("deploy_strategy", *words)
    assert (said.code, said.out, said.err) == (2, "", err)
    assert not JobRun.objects.exists()


def test_where_an_approval_is_needed_nothing_is_deployed() -> None:
    """Home is a production database: what is to run by itself there needs somebody's word."""
    target = home()
    Target.objects.filter(pk=target.pk).update(environment="production")
    kept()
    said = command("deploy_strategy", NAME)
    assert said.code == 3
    assert "It may not start now, and was cancelled:" in said.out
    assert not MaintenanceJob.objects.exists()
