"""A message knows whose it is, also where it is about no one database: a window of a tenant is shown to nobody else's DBAs."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0009_notifications")]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="tenant",
            field=models.ForeignKey(
                blank=True, help_text="Empty = of several.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+",
                to="strategies.tenant",
            ),
        ),
    ]  # fmt: skip
