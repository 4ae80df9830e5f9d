"""Previews, archives and kept versions of generated strategies, and the way from there to a deployment."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from strategies import definitions
from strategies.generator.archive import zipped
from strategies.generator.implementation import in_order
from strategies.generator.texts import values_as_json, values_as_yaml
from strategies.models import (
    AuditEntry,
    Deployment,
    DeploymentState,
    JobRun,
    JobType,
    Role,
    StrategyVersion,
    Target,
    Tenant,
    User,
)
from tests.generated import home
from tests.pages import HOSTILE, text_of
from tests.strategies.generator.test_reading import GOOD
from tests.strategies.views.generating import PAGE, sent, typed

pytestmark = pytest.mark.django_db


# Files.


def test_the_archive_has_every_file_below_the_name_of_the_strategy_and_always_the_same_bytes(dba: Client) -> None:
    first, second = (sent(dba, GOOD, "zip") for _ in range(2))
    assert first["Content-Disposition"] == 'attachment; filename="NIGHTLY_TIDY.zip"'
    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        made = definitions.implementation(GOOD).files
        assert archive.namelist() == [f"NIGHTLY_TIDY/{path}" for path in in_order(made)]
        assert archive.read("NIGHTLY_TIDY/README.md").decode() == made["README.md"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert zipped("NIGHTLY_TIDY", dict(reversed(made.items()))) == first.content  # a database may keep another order
    sent(dba, GOOD, "keep")
    of_version = dba.get(f"/versions/{StrategyVersion.objects.get().pk}/files.zip")
    assert of_version["Content-Disposition"] == 'attachment; filename="NIGHTLY_TIDY-1.zip"'
    assert of_version.content == first.content


def test_a_definition_is_kept_once_and_told_of_in_the_audit(dba: Client) -> None:
    page = dba.get(sent(dba, GOOD, "keep")["Location"])
    version = StrategyVersion.objects.get()
    assert page.context["version"] == version
    assert "Version 1 is kept. Nothing is deployed yet." in text_of(page)
    assert version.made_by == "anna"
    assert AuditEntry.objects.get(action="version.kept").actor == "anna"
    assert f'href="/versions/{version.pk}/"' in dba.get("/audit/").content.decode()
    again = dba.get(typed(dba, values_as_yaml(GOOD), "keep")["Location"])
    assert "The same was kept before, as version 1." in text_of(again)
    assert StrategyVersion.objects.count() == 1


def test_what_a_lookup_table_no_longer_has_keeps_nothing(dba: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    unaware = definitions.known()
    monkeypatch.setattr(definitions, "known", lambda: unaware)
    JobType.objects.filter(job_type="ANALYSIS").delete()
    page = sent(dba, GOOD, "keep")
    assert page.status_code == 422
    assert "jobs.job_type: ANALYSIS (of STATISTICS) is none of" in text_of(page)
    assert StrategyVersion.objects.count() == 0


def test_the_preview_is_compared_with_the_deployed_version_else_with_the_newest(dba: Client) -> None:
    sent(dba, GOOD, "keep")
    assert "Nothing differs." in text_of(sent(dba, GOOD))
    newer = {**GOOD, "description": "Statistics of the yard."}
    page = sent(dba, newer)
    assert (page.context["before"].number, page.context["why"]) == (1, "the newest that is kept; none is deployed")
    assert "definition.json" in {change.path for change in page.context["differences"]}
    assert re.search(r'class="removed".*removed.*shop.*?</tr>.*class="added".*added.*yard', text_of(page))
    sent(dba, newer, "keep")
    place = of_home(dba)
    Deployment.objects.create(
        strategy_name="NIGHTLY_TIDY",
        target=place,
        place=place,
        number=1,
        status=DeploymentState.COMPLETED,
        at=timezone.now(),
    )
    page = sent(dba, newer)
    assert (page.context["before"].number, page.context["why"]) == (1, f"which is deployed to {place.name}")


# Versions.


def of_home(client: Client) -> Target:
    """Home, which the client's person sees from now on."""
    place = home()
    User.objects.get(username="anna").tenants.add(place.tenant)
    return place


def two(dba: Client) -> list[StrategyVersion]:
    for description in ("Statistics of the shop.", "Statistics of the yard."):
        assert sent(dba, {**GOOD, "description": description}, "keep").status_code == 302
    return list(StrategyVersion.objects.order_by("number"))


def test_the_page_of_a_strategy_lists_its_versions_and_where_each_is(dba: Client) -> None:
    first, second = two(dba)
    place = of_home(dba)
    other = Target.objects.create(name="shop", platform="sqlite", url="sqlite:////x", tenant=place.tenant)
    for number, at in ((first.number, place), (second.number, place), (first.number, other)):
        Deployment.objects.create(
            strategy_name="NIGHTLY_TIDY",
            target=place,
            place=at,
            number=number,
            status=DeploymentState.COMPLETED,
            at=timezone.now(),
        )
    Deployment.objects.create(
        strategy_name="NIGHTLY_TIDY",
        target=place,
        place=place,
        number=1,
        status=DeploymentState.FAILED,
        at=timezone.now(),
    )
    page = dba.get("/strategies/NIGHTLY_TIDY/")
    found = {
        row.version.number: [deployment.place.name for deployment in row.places] for row in page.context["versions"]
    }
    assert found == {2: [place.name], 1: ["shop"]}
    assert "home, for shop, since" in text_of(page).replace(place.name, "home").replace("</a>", "")
    listed = dba.get("/strategies/")
    assert listed.context["generated"] == [second]
    assert "2 versions" in listed.content.decode()
    assert f'href="/versions/{second.pk}/"' in listed.content.decode()


def test_a_version_shows_its_files_and_what_differs_from_another(dba: Client) -> None:
    first, second = two(dba)
    page = dba.get(f"/versions/{second.pk}/", {"file": "docs/manual.md", "against": "1"})
    assert (page.context["path"], page.context["other"]) == ("docs/manual.md", first)
    assert "docs/manual.md" in {change.path for change in page.context["differences"]}
    assert "nowhere that is known" in text_of(page)
    odd = dba.get(f"/versions/{second.pk}/", {"file": "../../etc/passwd", "against": "2"})
    assert (odd.context["path"], odd.context["other"]) == ("README.md", None)


def test_a_deployment_is_a_run_whose_form_is_filled_in(dba: Client) -> None:
    version = two(dba)[0]
    place = of_home(dba)
    Target.objects.create(name="shop", platform="postgresql", url="postgresql://x/y", tenant=place.tenant)
    page = dba.get(f"/versions/{version.pk}/")
    assert (page.context["ways"].home, [row.name for row in page.context["ways"].places]) == (place, ["shop"])
    assert "You see none that is switched on." in text_of(page)
    form = re.search(r'<form method="get" action="/runs/new/">.*?</form>', page.content.decode(), re.DOTALL)
    assert form is not None
    query = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', form[0]))
    query["parameter-target"] = "shop"
    assert query == {"target": str(place.pk), "strategy": "STRATEGY_DEPLOYMENT", "parameter-strategy": "NIGHTLY_TIDY",
                     "parameter-version": "1", "parameter-target": "shop"}  # fmt: skip
    run = dba.get("/runs/new/", query)
    shown = run.context["form"]
    assert [shown[f"parameter-{name}"].value() for name in ("strategy", "version", "target")] == [
        "NIGHTLY_TIDY",
        "1",
        "shop",
    ]
    assert text_of(run).count('type="hidden" name="parameter-version" value="1"') == 1, "another database keeps them"
    assert (
        dba.post(f"/runs/new/?{urlencode(query)}", {name: shown[name].value() for name in shown.fields}).status_code
        == 302
    )
    assert JobRun.objects.get().parameters["strategy"] == "NIGHTLY_TIDY"


def test_the_package_is_led_to_databases_of_oracle(dba: Client) -> None:
    version = two(dba)[0]
    tenant = User.objects.get(username="anna").tenants.get()
    oracle = Target.objects.create(name="ora", platform="oracle", url="oracle://h/s", tenant=tenant)
    Target.objects.create(name="off", platform="oracle", url="oracle://h/t", tenant=tenant, is_active=False)
    Target.objects.filter(is_home=True).update(is_active=False)
    page = dba.get(f"/versions/{version.pk}/")
    assert (page.context["ways"].home, page.context["ways"].for_package) == (None, [oracle])
    assert "which is switched off now" in text_of(page)


def test_who_does_not_see_home_sees_no_versions_and_keeps_none(dba: Client) -> None:
    version = two(dba)[0]
    Target.objects.filter(is_home=True).update(tenant=Tenant.objects.create(name="Elsewhere"))
    assert dba.get(f"/versions/{version.pk}/").status_code == 404
    assert dba.get(f"/versions/{version.pk}/files.zip").status_code == 404
    assert "NIGHTLY_TIDY" not in dba.get("/strategies/").content.decode()
    refused = sent(dba, {**GOOD, "description": "Of somebody else."}, "keep")
    assert refused.status_code == 422
    assert "which you do not see" in text_of(refused)
    assert sent(dba, GOOD).status_code == 200, "the preview and the archive are for every DBA"
    assert StrategyVersion.objects.count() == 2


def test_an_auditor_reads_versions_and_neither_generates_nor_deploys(dba: Client, person: Callable[..., Any]) -> None:
    version = two(dba)[0]
    client = Client()
    client.force_login(person("ada", Role.AUDITOR))
    source = client.get(f"/versions/{version.pk}/").content.decode()
    assert "Deploy" not in source.partition("<main")[2].replace("Deployed", "").partition('id="h-files"')[0]
    assert PAGE not in source
    assert client.get("/strategies/NIGHTLY_TIDY/").status_code == 200
    assert client.post(PAGE, {"view": "text", "text": values_as_json(GOOD), "keep": "1"}).status_code == 403
    for role in (Role.MANAGER, Role.APPROVER):  # who are asked whether it may be deployed
        client.force_login(person(f"p-{role}", role))
        assert client.get(f"/versions/{version.pk}/").status_code == 200
    for role in (Role.STAKEHOLDER,):
        client.force_login(person(f"p-{role}", role))
        assert client.get("/strategies/NIGHTLY_TIDY/").status_code == 404
        assert "NIGHTLY_TIDY" not in client.get("/strategies/").content.decode()


def test_nothing_that_was_typed_or_kept_leaves_its_place_in_the_page(dba: Client) -> None:
    values = {**GOOD, "description": HOSTILE, "jobs": [{"name": "A", "target_object": HOSTILE}]}
    pages = [
        sent(dba, values),
        sent(dba, {**values, "name": HOSTILE}),
        typed(dba, values_as_yaml(values), "as_form"),
        typed(dba, values_as_yaml({**values, "name": HOSTILE})),
        typed(dba, values_as_json(values), "file", file="README.md"),
    ]
    assert [page.status_code for page in pages] == [200, 422, 200, 422, 200]
    sent(dba, values, "keep")
    sent(dba, {**values, "description": f"{HOSTILE} {HOSTILE}"}, "keep")
    version = StrategyVersion.objects.latest("pk")
    pages += [
        dba.get(f"/versions/{version.pk}/", {"file": path, "against": "1"})
        for path in ("README.md", "registration/register.sql")
    ]
    pages += [
        dba.get("/strategies/"),
        dba.get(f"/strategies/{version.strategy_name}/"),
        dba.get("/runs/new/", {"parameter-x": HOSTILE}),
    ]
    for page in pages:
        assert "<script>alert" not in page.content.decode()


def test_no_name_of_a_file_leads_out_of_its_archive(dba: Client) -> None:
    for path in ("../x", "/x", "a/../x", "a//x", "", "a\\x", ".x", "a b", "c:/x", "ä", "a\n"):
        with pytest.raises(ValueError, match="no name for a file"):
            zipped("NAME", {path: ""})
    with pytest.raises(ValueError, match="no name for a file"):
        zipped("../NAME", {"x": ""})
