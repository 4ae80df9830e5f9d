"""A hold holds for a tenant too, in one kind of scope, and is kept when that for which it held is gone."""

from django.db import migrations, models
from django.db.models import Q

import strategies.models.scoped

IN_ONE_SCOPE = (
    Q(Q(tag=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(environment=""))
)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0024_checks_left")]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="was_for",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="hold",
            name="tenant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=strategies.models.scoped.unless_in_force,
                related_name="%(class)ss",
                to="strategies.tenant",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="tag",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=strategies.models.scoped.unless_in_force,
                related_name="%(class)ss",
                to="strategies.tag",
            ),
        ),
        migrations.AlterField(
            model_name="hold",
            name="target",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=strategies.models.scoped.unless_in_force,
                related_name="%(class)ss",
                to="strategies.target",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(condition=IN_ONE_SCOPE, name="portal_hold_scope"),
        ),
    ]
