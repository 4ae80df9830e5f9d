"""One order of all audit entries, without gaps, and a digest over it; triggers tell which entries wait for their seal."""

import django.db.models.deletion
from django.db import migrations, models

from strategies import audit_guard


class Migration(migrations.Migration):
    dependencies = [("strategies", "0034_released_by")]

    operations = [
        migrations.CreateModel(
            name="UnsealedEntry",
            fields=[
                ("entry", models.OneToOneField(
                    db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name="+",
                    serialize=False, to="strategies.auditentry",
                )),
            ],
            options={"db_table": "portal_audit_unsealed"},
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
                ("entry", models.OneToOneField(
                    db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="seal",
                    to="strategies.auditentry",
                )),
            ],
            options={"db_table": "portal_audit_seal", "ordering": ["-number"]},
        ),
        migrations.RunPython(audit_guard.install_for_seals, audit_guard.remove_for_seals),
    ]  # fmt: skip
