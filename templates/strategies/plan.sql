{% load portal %}{% autoescape off %}-- Run {{ run.pk }}: {{ plan.strategy }} {{ plan.version }} on {{ plan.target|one_line }}
-- Sealed as {{ plan.digest }}
-- To read: the portal runs each step in a session of its own, checks before it whether it is needed, and verifies it afterwards.
{% for step in plan.steps %}
-- Step {{ forloop.counter }} of {{ plan.steps|length }}: {{ step.operation_type }} {{ step.object|one_line }}
{{ step.sql }}
{% endfor %}{% endautoescape %}
