{% load portal %}{% autoescape off %}-- Every statement that the Maintenance Portal may send to a database.
-- The trial of an Oracle server, oracle_smoke, sends others to objects of its own: docs/oracle.md describes them.
-- To read, not to run: :name and {name} in a query stand for what is filled in.
-- Kinds of change stand in comments: <name> is filled in, [word] may be absent, of {one|other} it is one.
{% for product, chosen in found %}{% for one in chosen %}
-- ===== {{ product.label }}, {{ one.title|one_line }}: {{ one.queries|length }} queries, {{ one.changes|length }} kinds of change
{% for query in one.queries %}
-- query: {{ query.name }}{% if query.name in one.optional_queries %} (can be done without){% endif %}
-- purpose: {{ query.purpose }}
-- needs: {{ query.needs }}
{% if query.better_with %}-- better with: {{ query.better_with }}
{% endif %}-- licence: {{ query.licence }}
-- since: {{ query.since }}
{{ query.sql }};
{% endfor %}{% for change in one.changes %}
-- change: {{ change.form|one_line }}
-- purpose: {{ change.purpose|one_line }}
-- licence: {{ change.licence }}
{% endfor %}{% empty %}
-- {{ product.label }} has nothing of this kind.
{% endfor %}{% endfor %}{% endautoescape %}