"""The import of the older framework in a browser: an archive is sent, its trial shown as it comes to its end, and then imported."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from maintenance_portal import tasks
from strategies.models import FrameworkImport, OperationLog
from tests.browser.test_accessibility import cut_off, faults, faults_in_the_dark, sideways
from tests.older import archive, operation, rows
from tests.pages import Scene


def test_an_archive_is_tried_and_then_imported(open_as: Callable[..., Page], shop: Scene, base: str) -> None:
    page = open_as()
    page.goto(f"{base}/jobs/")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("Database").select_option(label=shop.target.name)
    page.get_by_label("Read").select_option("archive")
    content = archive(rows(operations=[operation(1), operation(2, operation_time="soon")]))
    page.get_by_label("ZIP archive").set_input_files(
        {"name": "old.zip", "mimeType": "application/zip", "buffer": content}
    )
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Waiting", exact=True)).to_be_visible()
    trial = FrameworkImport.objects.latest("pk")
    tasks.import_framework(trial.pk)
    expect(page.get_by_text("Nothing was kept")).to_be_visible()
    expect(page.get_by_role("cell", name="operation_time", exact=True)).to_be_visible()
    assert [*faults(page), *faults_in_the_dark(page), *cut_off(page)] == []
    assert not sideways(page)
    page.get_by_role("button", name="Import now").click()
    page.wait_for_url(f"{base}/imports/{trial.pk + 1}/")
    before = OperationLog.objects.count()
    tasks.import_framework(trial.pk + 1)
    expect(page.get_by_text("Imported. A second import")).to_be_visible()
    assert OperationLog.objects.count() == before + 1
