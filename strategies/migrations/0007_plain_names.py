"""Names of tables as people read them in the administration."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0006_known_time_zones'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='auditentry',
            options={'ordering': ['-id'], 'verbose_name_plural': 'audit entries'},
        ),
        migrations.AlterModelOptions(
            name='deploymentstatusrow',
            options={'ordering': ['status_id'], 'verbose_name': 'deployment status', 'verbose_name_plural': 'deployment statuses'},
        ),
        migrations.AlterModelOptions(
            name='operationstatusrow',
            options={'ordering': ['status_id'], 'verbose_name': 'operation status', 'verbose_name_plural': 'operation statuses'},
        ),
    ]
