CREATE OR REPLACE PACKAGE BODY test_#{package} AS
    c_nowhere CONSTANT VARCHAR2(30) := 'NO_SUCH_OBJECT_HERE';

    PROCEDURE knows_all IS
    BEGIN
        ut.expect(#{package}.validate_target('ALL')).to_equal(#{takes_all} = 1);
    END knows_all;

    PROCEDURE refuses_an_unknown_object IS
    BEGIN
        ut.expect(#{package}.validate_target(c_nowhere)).to_be_false();
    END refuses_an_unknown_object;

    PROCEDURE refuses_an_unknown_parameter IS
    BEGIN
        #{package}.execute_strategy(c_nowhere, '{"no_such_parameter": 1}');
    END refuses_an_unknown_parameter;

    PROCEDURE refuses_no_objects IS
    BEGIN
        #{package}.execute_strategy(c_nowhere, '{"max_objects": 0}');
    END refuses_no_objects;

    PROCEDURE refuses_broken_json IS
    BEGIN
        #{package}.execute_strategy(c_nowhere, '{"max_objects"');
    END refuses_broken_json;

    PROCEDURE tells_how_it_stands IS
        v_status  SYS_REFCURSOR;
        v_object  VARCHAR2(128);
        v_word    VARCHAR2(20);
        v_message VARCHAR2(4000);
        v_found   PLS_INTEGER := 0;
    BEGIN
        v_status := #{package}.get_strategy_status(c_nowhere);
        LOOP
            FETCH v_status INTO v_object, v_word, v_message;
            EXIT WHEN v_status%NOTFOUND;
            v_found := v_found + 1;
            ut.expect(v_object).to_equal(c_nowhere);
            ut.expect(v_word).to_equal('SUCCESS');
        END LOOP;
        CLOSE v_status;
        ut.expect(v_found).to_equal(1);
    END tells_how_it_stands;

    PROCEDURE leaves_out_what_is_left_out IS
        v_parameters JSON_OBJECT_T := JSON_OBJECT_T();
        v_before     NUMBER;
        v_after      NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_before FROM TABLE(generic_maintenance_logger_pkg.get_operation_log(p_strategy_name => '#{name}')) l;{% for operation in operations %}
%% {{ operation.sections }}
        v_parameters.PUT('{{ operation.switch }}', FALSE);
%%{% endfor %}
        #{package}.execute_strategy('ALL', v_parameters.TO_CLOB());
        SELECT COUNT(*) INTO v_after FROM TABLE(generic_maintenance_logger_pkg.get_operation_log(p_strategy_name => '#{name}')) l;
        ut.expect(v_after - v_before).to_equal(1);
    END leaves_out_what_is_left_out;
END test_#{package};
/
