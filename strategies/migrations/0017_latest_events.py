"""An event is found by its name: in capitals, as it is announced from now on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0016_readable_jobs")]

    operations = [
        migrations.RunSQL("UPDATE portal_event SET name = UPPER(name)", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="event",
            name="name",
            field=models.CharField(help_text="In capitals, without spaces around it.", max_length=100),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["name"], name="portal_event_by_name"),
        ),
    ]
