"""For which other database a deployment to home brings something, so that only who sees both sees the run."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0040_strategy_versions")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="place",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                help_text="Another database than the one it works on, for which a deployment brings something.",
                to="strategies.target",
            ),
        ),
    ]  # fmt: skip
