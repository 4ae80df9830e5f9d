"""The operation log and the audit are read in the order of time: each index that narrows them ends in it."""

from django.db import migrations, models

INDEXES = {
    "operationlog": (
        (["operation_time", "operation_id"], "gol_by_time"),
        (["target", "operation_time", "operation_id"], "gol_by_target"),
        (["status", "operation_time", "operation_id"], "gol_by_status"),
    ),
    "auditentry": (
        (["at", "id"], "portal_audit_by_time"),
        (["object_type", "at", "id"], "portal_audit_by_type"),
        (["action", "at", "id"], "portal_audit_by_action"),
        (["actor", "at", "id"], "portal_audit_by_actor"),
        (["object_type", "object_id", "at", "id"], "portal_audit_by_object"),
    ),
}


class Migration(migrations.Migration):
    dependencies = [("strategies", "0013_planned_again")]

    operations = [
        operation
        for model, indexes in INDEXES.items()
        for fields, name in indexes
        for operation in (
            migrations.RemoveIndex(model_name=model, name=name),
            migrations.AddIndex(model_name=model, index=models.Index(fields=fields, name=name)),
        )
    ]
