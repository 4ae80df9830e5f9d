CREATE OR REPLACE PACKAGE BODY #{package} AS
    -- Generated from the definition #{digest}
    c_strategy CONSTANT VARCHAR2(50) := '#{name}';
    c_all      CONSTANT VARCHAR2(30) := 'ALL';

    -- The object and the parameters of the latest call in this session
    g_object VARCHAR2(128);{% for setting in settings %}
%% {{ setting.sections }}
    g_{{ setting.name }} {{ setting.type }} := #{default:{{ setting.name }}};
%%{% endfor %}

    -- As the dictionary holds it: in capitals, but for what stands in quotes
    FUNCTION object_named(p_typed IN VARCHAR2) RETURN VARCHAR2 IS
    BEGIN
        IF p_typed LIKE '"%"' THEN
            RETURN SUBSTR(p_typed, 2, LENGTH(p_typed) - 2);
        END IF;
        RETURN UPPER(p_typed);
    END object_named;

    FUNCTION is_parameter(p_name IN VARCHAR2) RETURN BOOLEAN IS
    BEGIN
        RETURN p_name IN (
            'max_objects'{% for operation in operations %}
%% {{ operation.sections }}
            , '{{ operation.switch }}'
%%{% endfor %}{% for setting in settings %}
%% {{ setting.sections }}
            , '{{ setting.name }}'
%%{% endfor %}
        );
    END is_parameter;

    FUNCTION parameters_of(p_parameters IN CLOB) RETURN JSON_OBJECT_T IS
        v_given JSON_OBJECT_T := JSON_OBJECT_T();
        v_names JSON_KEY_LIST;
    BEGIN
        IF p_parameters IS NOT NULL THEN
            v_given := JSON_OBJECT_T.PARSE(p_parameters);
        END IF;
        v_names := v_given.GET_KEYS;
        IF v_names IS NOT NULL THEN
            FOR i IN 1 .. v_names.COUNT LOOP
                IF NOT is_parameter(v_names(i)) THEN
                    RAISE_APPLICATION_ERROR(-20001, SUBSTR(v_names(i), 1, 100) || ' is no parameter of ' || c_strategy || '.');
                END IF;
            END LOOP;
        END IF;
        RETURN v_given;
    END parameters_of;

    FUNCTION number_of(
        p_given   IN JSON_OBJECT_T,
        p_name    IN VARCHAR2,
        p_default IN NUMBER,
        p_least   IN NUMBER,
        p_most    IN NUMBER
    ) RETURN NUMBER IS
        v_number NUMBER := p_default;
    BEGIN
        IF p_given.HAS(p_name) THEN
            v_number := p_given.GET_NUMBER(p_name);
            IF v_number IS NULL OR v_number NOT BETWEEN p_least AND p_most THEN
                RAISE_APPLICATION_ERROR(-20001, p_name || ' is a number from ' || p_least || ' to ' || p_most || '.');
            END IF;
        END IF;
        RETURN v_number;
    END number_of;

    -- 1 or 0, which SQL takes, too
    FUNCTION flag_of(
        p_given   IN JSON_OBJECT_T,
        p_name    IN VARCHAR2,
        p_default IN NUMBER
    ) RETURN NUMBER IS
        v_flag BOOLEAN := p_default = 1;
    BEGIN
        IF p_given.HAS(p_name) THEN
            v_flag := p_given.GET_BOOLEAN(p_name);
            IF v_flag IS NULL THEN
                RAISE_APPLICATION_ERROR(-20001, p_name || ' is true or false.');
            END IF;
        END IF;
        RETURN CASE WHEN v_flag THEN 1 ELSE 0 END;
    END flag_of;

    FUNCTION text_of(
        p_given   IN JSON_OBJECT_T,
        p_name    IN VARCHAR2,
        p_default IN VARCHAR2,
        p_most    IN NUMBER
    ) RETURN VARCHAR2 IS
        v_text VARCHAR2(4000) := p_default;
    BEGIN
        IF p_given.HAS(p_name) THEN
            v_text := p_given.GET_STRING(p_name);
            IF LENGTH(v_text) > p_most THEN
                RAISE_APPLICATION_ERROR(-20001, p_name || ' has at most ' || p_most || ' characters.');
            END IF;
        END IF;
        RETURN v_text;
    END text_of;
{% for part in parts %}{% if part.body %}
%% {{ part.key }}

{{ part.body }}
%%{% endif %}{% endfor %}{% for part in parts %}
%% {{ part.key }}

    -- {{ part.title }}: one object. Its error is logged, and stops no other
    FUNCTION is_done_{{ part.key }}(p_object IN VARCHAR2, p_reason IN VARCHAR2) RETURN BOOLEAN IS
        v_object       VARCHAR2(128) := p_object;
        v_state        VARCHAR2(4000) := p_reason;
        v_operation_id NUMBER;
    BEGIN
        v_operation_id := generic_maintenance_logger_pkg.log_start_operation(
            p_strategy_name => c_strategy, p_operation_type => '{{ part.operation }}', p_target_object => v_object,
            p_target_type => '{{ part.target_type }}'
        );
{% if part.statement %}{{ part.statement }}
        generic_maintenance_logger_pkg.log_end_operation(v_operation_id, 'SUCCESS', p_reason || ' Done.', p_objects_affected => 1);
{% else %}        generic_maintenance_logger_pkg.log_end_operation(v_operation_id, 'WARNING', v_state, p_objects_affected => 0);
{% endif %}        RETURN TRUE;
    EXCEPTION
        WHEN OTHERS THEN
            generic_maintenance_logger_pkg.log_end_operation(
                v_operation_id, 'ERROR', 'Not done.', p_error_message => SQLERRM
            );
            RETURN FALSE;
    END is_done_{{ part.key }};
%%{% endfor %}

    PROCEDURE execute_strategy(
        p_target_object IN VARCHAR2,
        p_parameters    IN CLOB DEFAULT NULL
    ) IS
        v_object       VARCHAR2(128) := object_named(p_target_object);
        v_given        JSON_OBJECT_T;
        v_most         NUMBER;
        v_operation_id NUMBER;
        v_done         PLS_INTEGER := 0;
        v_failed       PLS_INTEGER := 0;
        v_asked        PLS_INTEGER := 0;
        v_left_out     PLS_INTEGER := 0;
        v_why          VARCHAR2(4000);
        v_told         VARCHAR2(32767);
    BEGIN
        v_operation_id := generic_maintenance_logger_pkg.log_strategy_start(c_strategy, v_object, '#{target_type}', p_parameters);
        v_given := parameters_of(p_parameters);
        g_object := v_object;
        v_most := number_of(v_given, 'max_objects', {{ max_objects }}, 1, 100000);{% for setting in settings %}
%% {{ setting.sections }}
        g_{{ setting.name }} := {{ setting.reader }}(v_given, '{{ setting.name }}', #{default:{{ setting.name }}}{{ setting.bounds }});
%%{% endfor %}{% for part in parts %}
%% {{ part.key }}

        v_asked := v_asked + flag_of(v_given, '{{ part.switch }}', 1);{% if part.needs_object or part.is_destructive %}
        v_why := CASE{% if part.is_destructive %}
            WHEN v_failed > 0 THEN 'what was to be done before it failed.'{% endif %}{% if part.needs_object %}
            WHEN v_object = c_all THEN 'it works on one object, which has to be named.'{% endif %}{% if part.check %}
            ELSE {{ part.check }}{% endif %}
        END;{% else %}
        v_why := {{ part.check|default:"NULL" }};{% endif %}
        IF flag_of(v_given, '{{ part.switch }}', 1) = 1 AND v_why IS NOT NULL THEN
            v_left_out := v_left_out + 1;
            v_told := v_told || ' {{ part.operation }} is left out: ' || v_why;
        ELSIF flag_of(v_given, '{{ part.switch }}', 1) = 1 THEN
            FOR found IN (
                SELECT needed.object_name AS object_name, needed.reason AS reason
                  FROM (
{{ part.look }}
                       ) needed
                 WHERE needed.object_name = v_object{% if not part.needs_object %}
                    OR v_object = c_all{% endif %}
                 ORDER BY needed.object_name
                 FETCH FIRST v_most ROWS ONLY
            ) LOOP
                EXIT WHEN v_done + v_failed >= v_most;
                IF is_done_{{ part.key }}(found.object_name, found.reason) THEN
                    v_done := v_done + 1;
                ELSE
                    v_failed := v_failed + 1;
                END IF;
            END LOOP;
        END IF;
%%{% endfor %}

        IF v_failed > 0 THEN
            RAISE_APPLICATION_ERROR(-20002, v_failed || ' of ' || (v_done + v_failed) || ' objects failed; the log names each.');
        END IF;
        IF v_left_out > 0 AND v_left_out = v_asked THEN
            RAISE_APPLICATION_ERROR(-20001, SUBSTR(LTRIM(v_told), 1, 2000));
        END IF;
        generic_maintenance_logger_pkg.log_strategy_end(
            v_operation_id, CASE WHEN v_left_out > 0 THEN 'WARNING' ELSE 'SUCCESS' END,
            SUBSTR(v_done || ' objects done.' || v_told, 1, 2000), '{"objects_affected": ' || v_done || '}'
        );
    EXCEPTION
        WHEN OTHERS THEN
            generic_maintenance_logger_pkg.log_strategy_end(v_operation_id, 'ERROR', 'Strategy failed: ' || SQLERRM);
            RAISE;
    END execute_strategy;

    FUNCTION validate_target(
        p_target_object IN VARCHAR2
    ) RETURN BOOLEAN IS
        v_object VARCHAR2(128) := object_named(p_target_object);
        v_found  NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_found
          FROM (
                 SELECT c_all AS object_name FROM dual d WHERE #{takes_all} = 1{% for part in parts %}
%% {{ part.key }}
                 UNION ALL
{{ part.all_of }}
%%{% endfor %}
               ) known
         WHERE known.object_name = v_object;
        RETURN v_found > 0;
    END validate_target;

    FUNCTION get_strategy_status(
        p_target_object IN VARCHAR2
    ) RETURN SYS_REFCURSOR IS
        v_object VARCHAR2(128) := object_named(p_target_object);
        v_status SYS_REFCURSOR;
    BEGIN
        g_object := v_object;
        -- What is still needed was left for the next call, or came since: what failed has raised an error
        OPEN v_status FOR
            SELECT v_object AS object_name, 'SUCCESS' AS status, '#{name} has looked at it.' AS message
              FROM dual d{% for part in parts %}
%% {{ part.key }}
             UNION ALL
            SELECT needed.object_name AS object_name, 'WARNING' AS status, needed.reason AS message
              FROM (
{{ part.look }}
                   ) needed
             WHERE needed.object_name = v_object{% if not part.needs_object %}
                OR v_object = c_all{% endif %}
%%{% endfor %}
            ;
        RETURN v_status;
    END get_strategy_status;
END #{package};
/
