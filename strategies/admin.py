"""Administration: people, tenants, tags and reference rows are changed here, with an audit entry each; the rest is for looking."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from strategies import audit, feeds
from strategies.audit import Actor
from strategies.models import (
    Approval,
    ApprovalRule,
    ApprovalWord,
    Assessment,
    AuditEntry,
    BreakGlass,
    Calendar,
    CalendarEntry,
    Delegation,
    DeploymentStatusRow,
    Duration,
    Feed,
    Finding,
    Hold,
    JobRun,
    JobType,
    MaintenanceJob,
    MaintenanceWindow,
    OperationLog,
    OperationStatusRow,
    OperationType,
    ScheduleType,
    StandingApproval,
    StrategyConfig,
    StrategyType,
    Tag,
    Target,
    TargetType,
    Tenant,
    User,
    WindowChange,
)

admin.site.site_header = admin.site.site_title = "Maintenance Portal"
admin.site.index_title = "Administration"
for model in apps.get_app_config("django_q").get_models():  # a schedule of the queue could call any function
    if admin.site.is_registered(model):
        admin.site.unregister(model)


admin.site.unregister(Group)  # the groups are the roles: renaming one would take it from everybody


class Audited(admin.ModelAdmin):  # type: ignore[type-arg]
    """Whoever adds, changes or deletes something here leaves an audit entry with what it was before and is after."""

    def told(self, obj: Any) -> dict[str, Any]:
        """What the audit keeps of a row, as JSON: never a secret."""
        return model_to_dict(obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """In one: what could not be deleted after all was not deleted, and is not recorded."""
        with transaction.atomic():
            return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            stored = type(obj)._default_manager.select_for_update().get(pk=obj.pk)  # `obj` has the new values already
            obj.before = self.told(stored)
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        audit.record(Actor.of(request), _act(obj, "added"), obj, after=self.told(obj))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        before = getattr(obj, "before", None)
        after = {**(self.told(obj) if before is not None else {}), **_fields(message)}
        audit.record(Actor.of(request), _act(obj, "changed"), obj, before=before, after=after)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            audit.record(Actor.of(request), _act(obj, "deleted"), obj, before=self.told(obj))
        return super().log_deletions(request, queryset)


def _act(obj: Model, verb: str) -> str:
    return f"{obj._meta.model_name}.{verb}"


def _fields(message: Any) -> dict[str, Any]:
    """Which fields of the form were changed: also those whose values are not kept, like a password."""
    changed = [name for part in message if isinstance(part, dict) for name in part.get("changed", {}).get("fields", [])]
    return {"fields": changed} if changed else {"what": str(message)[:200]}


@admin.register(User)
class PortalUserAdmin(Audited, UserAdmin):  # type: ignore[type-arg]
    """People are switched off, not deleted: their names stand in the audit."""

    fieldsets = (*(UserAdmin.fieldsets or ()), ("Portal", {"fields": ("tenants", "time_zone")}))
    filter_horizontal = (*UserAdmin.filter_horizontal, "tenants")

    def told(self, obj: User) -> dict[str, Any]:
        """Who it is and what they may."""
        return {
            "name": obj.username,
            "email": obj.email,
            "is_active": obj.is_active,
            "is_staff": obj.is_staff,
            "is_superuser": obj.is_superuser,
            "roles": sorted(obj.groups.values_list("name", flat=True)),
            "tenants": sorted(obj.tenants.values_list("name", flat=True)),
            "permissions": sorted(obj.user_permissions.values_list("codename", flat=True)),
        }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nor renamed: under another name somebody could approve what they asked for."""
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else (*fields, "username")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(
    Tenant, Tag, StrategyType, OperationType, OperationStatusRow, JobType, ScheduleType, TargetType, DeploymentStatusRow
)
class ReferenceAdmin(Audited):
    """What something in force still holds for, or uses, is not deleted: the page names that, one by one."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set() if protected else lacking, protected  # else only kinds would be named

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        part = queryset[0]._meta.model_name if queryset else ""
        if part in ("tag", "tenant"):  # feeds of them end with them
            for feed in Feed.objects.filter(revoked_at=None, **{f"{part}__in": [obj.pk for obj in queryset]}):
                feeds.revoke(Actor.of(request), feed, timezone.now())
        return super().log_deletions(request, queryset)


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


admin.site.register(
    (
        Target,
        JobRun,
        OperationLog,
        Assessment,
        Finding,
        Duration,
        Hold,
        StrategyConfig,
        MaintenanceJob,
        Approval,
        ApprovalRule,
        ApprovalWord,
        StandingApproval,
        Delegation,
        BreakGlass,
        MaintenanceWindow,
        WindowChange,
        Calendar,
        CalendarEntry,
    ),
    LookingAdmin,
)


@admin.register(AuditEntry)
class AuditAdmin(LookingAdmin):
    list_display = ("at", "actor", "address", "action", "object_name", "reason")
    list_filter = ("object_type",)
    search_fields = ("actor", "object_name", "=object_id")
