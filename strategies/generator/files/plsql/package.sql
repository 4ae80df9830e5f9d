CREATE OR REPLACE PACKAGE #{package} AS
    -- Generated from the definition #{digest}
    -- p_target_object: ALL, or one object of the schema of this package, in capitals but for what stands in quotes.
    -- p_parameters: JSON, all of it optional:
    --   max_objects: objects worked on in one call (usually {{ max_objects }}){% for operation in operations %}
%% {{ operation.sections }}
    --   {{ operation.switch }}: true or false, {{ operation.title|lower }} (usually true)
%%{% endfor %}{% for setting in settings %}
%% {{ setting.sections }}
    --   {{ setting.name }}: {{ setting.title }} (usually #{default:{{ setting.name }}})
%%{% endfor %}
    PROCEDURE execute_strategy(
        p_target_object IN VARCHAR2,
        p_parameters    IN CLOB DEFAULT NULL
    );

    FUNCTION validate_target(
        p_target_object IN VARCHAR2
    ) RETURN BOOLEAN;

    FUNCTION get_strategy_status(
        p_target_object IN VARCHAR2
    ) RETURN SYS_REFCURSOR;
{% for part in parts %}{% if part.specification %}
%% {{ part.key }}

{{ part.specification }}
%%{% endif %}{% endfor %}
END #{package};
/
