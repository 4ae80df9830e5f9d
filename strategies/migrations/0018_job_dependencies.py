"""Which job waits for which, in rows: the next tick reads the jobs that wait for others, and writes theirs."""

import django.db.models.deletion
from django.db import migrations, models

_READ_ANEW = "UPDATE generic_maintenance_jobs SET is_settled = 'N' WHERE depends_on_jobs IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("strategies", "0017_latest_events")]

    operations = [
        migrations.CreateModel(
            name="JobDependency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("upstream", models.BigIntegerField()),
                (
                    "job",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="strategies.maintenancejob",
                    ),
                ),
            ],
            options={
                "db_table": "portal_job_dependency",
                "indexes": [models.Index(fields=["upstream", "job"], name="portal_dependency_by_upstream")],
                "constraints": [models.UniqueConstraint(fields=("job", "upstream"), name="portal_dependency_once")],
            },
        ),
        migrations.RunSQL(_READ_ANEW, migrations.RunSQL.noop),
    ]
