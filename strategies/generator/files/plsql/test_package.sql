-- For utPLSQL 3: EXEC ut.run('test_#{package}')
CREATE OR REPLACE PACKAGE test_#{package} AS
    -- %suite(#{name})

    -- %test(says of ALL whether it works on all objects)
    PROCEDURE knows_all;

    -- %test(refuses an object that there is not)
    PROCEDURE refuses_an_unknown_object;

    -- %test(refuses a parameter that it does not have)
    -- %throws(-20001)
    PROCEDURE refuses_an_unknown_parameter;

    -- %test(refuses a number out of bounds)
    -- %throws(-20001)
    PROCEDURE refuses_no_objects;

    -- %test(refuses what is no JSON)
    -- %throws(-40441)
    PROCEDURE refuses_broken_json;

    -- %test(asks every look, and names the object that it was asked for)
    PROCEDURE tells_how_it_stands;

    -- %test(does nothing, and says so, where every operation is left out)
    PROCEDURE leaves_out_what_is_left_out;
END test_#{package};
/
