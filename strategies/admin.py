"""Administration: people, tenants, tags and reference rows are changed here, with an audit entry each; the rest is for looking."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from strategies import audit
from strategies.audit import Actor
from strategies.models import (
    Assessment,
    AuditEntry,
    DeploymentStatusRow,
    Duration,
    Finding,
    Hold,
    JobRun,
    JobType,
    MaintenanceJob,
    OperationLog,
    OperationStatusRow,
    OperationType,
    ScheduleType,
    StrategyConfig,
    StrategyType,
    Tag,
    Target,
    TargetType,
    Tenant,
    User,
)

admin.site.site_header = admin.site.site_title = "Maintenance Portal"
admin.site.index_title = "Administration"
for model in apps.get_app_config("django_q").get_models():  # a schedule of the queue could call any function
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class Audited(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whoever changes something here leaves an audit entry: which fields, never their values (one is a password)."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        changed = [
            name for part in message if isinstance(part, dict) for name in part.get("changed", {}).get("fields", [])
        ]
        _record(request, "changed", obj, {"fields": changed} if changed else {"what": str(message)[:200]})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            _record(request, "deleted", obj)
        return super().log_deletions(request, queryset)


def _record(request: HttpRequest, verb: str, obj: Model, after: dict[str, Any] | None = None) -> None:
    audit.record(Actor.of(request), f"{obj._meta.model_name}.{verb}", obj, after=after)


@admin.register(User)
class PortalUserAdmin(Audited, UserAdmin):  # type: ignore[type-arg]
    """People are switched off, not deleted: their names stand in the audit."""

    fieldsets = (*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ("tenants", "time_zone")}))
    filter_horizontal = (*UserAdmin.filter_horizontal, "tenants")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(
    Tenant, Tag, StrategyType, OperationType, OperationStatusRow, JobType, ScheduleType, TargetType, DeploymentStatusRow
)
class ReferenceAdmin(Audited):
    pass


@admin.register(
    Target, JobRun, OperationLog, Assessment, Finding, Duration, Hold, AuditEntry, StrategyConfig, MaintenanceJob
)
class LookingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Changed on the pages, where the gate and the audit stand."""

    exclude = ("secret",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
