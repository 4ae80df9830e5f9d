CREATE OR REPLACE PACKAGE BODY strategy_implementation_generator_pkg AS
    -- maintenance-portal: see the specification

    TYPE word_tab IS TABLE OF VARCHAR2(32767);

    TYPE definition_row IS RECORD (
        name           VARCHAR2(400),
        strategy_type  VARCHAR2(400),
        category       VARCHAR2(400),
        description    VARCHAR2(4000),
        targets        word_tab,
        operations     word_tab,
        jobs           word_tab,
        schedule_type  VARCHAR2(80),
        schedule_value VARCHAR2(400),
        digest         VARCHAR2(64)
    );

    c_letters    CONSTANT VARCHAR2(26) := 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
    c_line_end   CONSTANT VARCHAR2(1) := CHR(10);
    c_mark       CONSTANT VARCHAR2(2) := '%%';  -- of a line that opens or closes a section of a master
    c_most_jobs  CONSTANT PLS_INTEGER := 50;
    c_digestible CONSTANT PLS_INTEGER := 4000;  -- bytes: STANDARD_HASH takes no LOB
    c_told       CONSTANT PLS_INTEGER := 1900;  -- bytes of an error's text, which has 2048 at most

    c_schedule_types CONSTANT VARCHAR2(100) := 'DAILY WEEKLY MONTHLY QUARTERLY YEARLY CUSTOM ON_DEMAND EVENT_DRIVEN';
    c_job_keys       CONSTANT VARCHAR2(200) :=
        'job_name job_type schedule_type schedule_value schedule_timezone target_object target_type job_parameters';

    ------------------------------------------------------------------------------------------------------------ Faults

    PROCEDURE refuse(p_faults IN OUT NOCOPY fault_tab, p_field IN VARCHAR2, p_reason IN VARCHAR2) IS
        v_fault fault_row;
    BEGIN
        v_fault.field := SUBSTRB(p_field, 1, 200);
        v_fault.reason := SUBSTRB(p_reason, 1, 4000);
        p_faults.EXTEND;
        p_faults(p_faults.COUNT) := v_fault;
    END refuse;

    -- All of them in one error, or how many more there are than it can hold
    PROCEDURE raise_all(p_faults IN fault_tab) IS
        v_text VARCHAR2(32767);
        v_line VARCHAR2(8000);
    BEGIN
        FOR i IN 1 .. p_faults.COUNT LOOP
            v_line := SUBSTRB(p_faults(i).field || ': ' || p_faults(i).reason, 1, 600);
            IF NVL(LENGTHB(v_text), 0) + LENGTHB(v_line) > c_told THEN
                v_text := v_text || c_line_end || 'and ' || TO_CHAR(p_faults.COUNT - i + 1) || ' more.';
                EXIT;
            END IF;
            v_text := v_text || CASE WHEN i > 1 THEN c_line_end END || v_line;
        END LOOP;
        IF p_faults.COUNT > 0 THEN
            RAISE_APPLICATION_ERROR(-20001, v_text);
        END IF;
    END raise_all;

    ------------------------------------------------------------------------------------------------------------ Words

    PROCEDURE add_word(p_words IN OUT NOCOPY word_tab, p_word IN VARCHAR2) IS
    BEGIN
        p_words.EXTEND;
        p_words(p_words.COUNT) := p_word;
    END add_word;

    -- What stands between marks, without what is empty
    FUNCTION words_between(p_text IN VARCHAR2, p_mark IN VARCHAR2) RETURN word_tab IS
        v_words word_tab := word_tab();
        v_blank VARCHAR2(4) := ' ' || CHR(9) || CHR(10) || CHR(13);
        v_rest  VARCHAR2(32767) := p_text;
        v_word  VARCHAR2(32767);
        v_at    PLS_INTEGER;
    BEGIN
        WHILE v_rest IS NOT NULL LOOP
            v_at := INSTR(v_rest, p_mark);
            v_word := CASE WHEN v_at = 0 THEN v_rest ELSE SUBSTR(v_rest, 1, v_at - 1) END;
            v_rest := CASE WHEN v_at = 0 THEN NULL ELSE SUBSTR(v_rest, v_at + 1) END;
            v_word := LTRIM(RTRIM(v_word, v_blank), v_blank);
            IF v_word IS NOT NULL THEN
                add_word(v_words, v_word);
            END IF;
        END LOOP;
        RETURN v_words;
    END words_between;

    FUNCTION is_among(p_word IN VARCHAR2, p_words IN word_tab) RETURN BOOLEAN IS
    BEGIN
        FOR i IN 1 .. p_words.COUNT LOOP
            IF p_words(i) = p_word THEN
                RETURN TRUE;
            END IF;
        END LOOP;
        RETURN FALSE;
    END is_among;

    FUNCTION listed(p_words IN word_tab) RETURN VARCHAR2 IS
        v_text VARCHAR2(32767);
    BEGIN
        FOR i IN 1 .. p_words.COUNT LOOP
            v_text := SUBSTRB(v_text || CASE WHEN i > 1 THEN ', ' END || p_words(i), 1, 4000);
        END LOOP;
        RETURN v_text;
    END listed;

    -- What was typed, short enough for a sentence
    FUNCTION shown(p_text IN VARCHAR2) RETURN VARCHAR2 IS
    BEGIN
        RETURN CASE WHEN LENGTH(p_text) > 60 THEN SUBSTR(p_text, 1, 60) || '...' ELSE p_text END;
    END shown;

    ------------------------------------------------------------------------------------------------------------ What is known

    FUNCTION known_target_types RETURN word_tab IS
        v_words word_tab := word_tab();
    BEGIN
        FOR found IN (
            SELECT t.target_type FROM generic_target_types t WHERE t.is_active = 'Y' ORDER BY t.target_type
        ) LOOP
            add_word(v_words, found.target_type);
        END LOOP;
        RETURN v_words;
    END known_target_types;

    FUNCTION known_job_types RETURN word_tab IS
        v_words word_tab := word_tab();
    BEGIN
        FOR found IN (SELECT t.job_type FROM generic_job_types t WHERE t.is_active = 'Y' ORDER BY t.job_type) LOOP
            add_word(v_words, found.job_type);
        END LOOP;
        RETURN v_words;
    END known_job_types;

    FUNCTION known_operations RETURN word_tab IS
        v_words word_tab := word_tab();
    BEGIN
        FOR found IN (SELECT o.operation_type FROM generic_generator_operations o ORDER BY o.operation_type) LOOP
            add_word(v_words, found.operation_type);
        END LOOP;
        RETURN v_words;
    END known_operations;

    FUNCTION known_templates RETURN word_tab IS
        v_words word_tab := word_tab();
    BEGIN
        FOR found IN (SELECT t.strategy_type FROM generic_generator_templates t ORDER BY t.strategy_type) LOOP
            add_word(v_words, found.strategy_type);
        END LOOP;
        RETURN v_words;
    END known_templates;

    FUNCTION offered_by(p_strategy_type IN VARCHAR2) RETURN word_tab IS
        v_words word_tab := word_tab();
    BEGIN
        FOR found IN (
            SELECT t.operations FROM generic_generator_templates t WHERE t.strategy_type = p_strategy_type
        ) LOOP
            v_words := words_between(found.operations, ',');
        END LOOP;
        RETURN v_words;
    END offered_by;

    FUNCTION targets_of(p_operation_type IN VARCHAR2) RETURN word_tab IS
        v_words word_tab := word_tab();
    BEGIN
        FOR found IN (
            SELECT DISTINCT p.target_type
              FROM generic_generator_parts p
             WHERE p.operation_type = p_operation_type
             ORDER BY p.target_type
        ) LOOP
            add_word(v_words, found.target_type);
        END LOOP;
        RETURN v_words;
    END targets_of;

    FUNCTION is_registered(p_strategy_name IN VARCHAR2) RETURN BOOLEAN IS
        v_found NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_found FROM generic_strategy_types t WHERE t.strategy_name = p_strategy_name;
        RETURN v_found > 0;
    END is_registered;

    ------------------------------------------------------------------------------------------------------------ Text

    -- The number of a character in Unicode
    FUNCTION code_of(p_character IN VARCHAR2) RETURN PLS_INTEGER IS
        v_units VARCHAR2(20) := ASCIISTR(p_character);
        v_first PLS_INTEGER;
    BEGIN
        IF SUBSTR(v_units, 1, 1) != '\' THEN
            RETURN ASCII(p_character);
        END IF;
        v_first := TO_NUMBER(SUBSTR(v_units, 2, 4), 'XXXX');
        IF LENGTH(v_units) = 5 THEN
            RETURN v_first;
        END IF;
        RETURN 65536 + 1024 * (v_first - 55296) + TO_NUMBER(SUBSTR(v_units, 7, 4), 'XXXX') - 56320;
    END code_of;

    -- Control characters, and those that show nothing but change what is read (the categories Cc, Cf, Zl and Zp of Unicode)
    FUNCTION is_unseen(p_code IN PLS_INTEGER) RETURN BOOLEAN IS
    BEGIN
        RETURN p_code BETWEEN 0 AND 31 OR p_code BETWEEN 127 AND 159 OR p_code BETWEEN 173 AND 173
            OR p_code BETWEEN 1536 AND 1541 OR p_code BETWEEN 1564 AND 1564 OR p_code BETWEEN 1757 AND 1757
            OR p_code BETWEEN 1807 AND 1807 OR p_code BETWEEN 2192 AND 2193 OR p_code BETWEEN 2274 AND 2274
            OR p_code BETWEEN 6158 AND 6158 OR p_code BETWEEN 8203 AND 8207 OR p_code BETWEEN 8232 AND 8238
            OR p_code BETWEEN 8288 AND 8292 OR p_code BETWEEN 8294 AND 8303 OR p_code BETWEEN 65279 AND 65279
            OR p_code BETWEEN 65529 AND 65531 OR p_code BETWEEN 69821 AND 69821 OR p_code BETWEEN 69837 AND 69837
            OR p_code BETWEEN 78896 AND 78911 OR p_code BETWEEN 113824 AND 113827 OR p_code BETWEEN 119155 AND 119162
            OR p_code BETWEEN 917505 AND 917505 OR p_code BETWEEN 917536 AND 917631;
    END is_unseen;

    FUNCTION has_unseen(p_text IN VARCHAR2) RETURN BOOLEAN IS
    BEGIN
        FOR i IN 1 .. LENGTH(p_text) LOOP
            IF is_unseen(code_of(SUBSTR(p_text, i, 1))) THEN
                RETURN TRUE;
            END IF;
        END LOOP;
        RETURN FALSE;
    END has_unseen;

    -- One line of text that people can read whole, its accents put together; NULL where it is none
    FUNCTION text_of(
        p_field  IN VARCHAR2,
        p_value  IN VARCHAR2,
        p_most   IN PLS_INTEGER,
        p_faults IN OUT NOCOPY fault_tab
    ) RETURN VARCHAR2 IS
        v_text VARCHAR2(32767);
    BEGIN
        IF TRIM(p_value) IS NULL THEN
            refuse(p_faults, p_field, 'is missing.');
            RETURN NULL;
        END IF;
        IF LENGTHB(p_value) > 4000 THEN  -- more than SQL takes, and than any of them may have
            refuse(p_faults, p_field, 'has ' || LENGTH(p_value) || ' characters; ' || p_most || ' is the most.');
            RETURN NULL;
        END IF;
        IF has_unseen(p_value) THEN
            refuse(p_faults, p_field, 'holds a line break, a control character or one that cannot be seen.');
            RETURN NULL;
        END IF;
        SELECT TRIM(COMPOSE(DECOMPOSE(p_value, 'CANONICAL'))) INTO v_text FROM dual d;
        IF LENGTH(v_text) > p_most THEN
            refuse(p_faults, p_field, 'has ' || LENGTH(v_text) || ' characters; ' || p_most || ' is the most.');
            RETURN NULL;
        END IF;
        RETURN v_text;
    END text_of;

    FUNCTION identifier_of(
        p_field  IN VARCHAR2,
        p_value  IN VARCHAR2,
        p_most   IN PLS_INTEGER,
        p_faults IN OUT NOCOPY fault_tab
    ) RETURN VARCHAR2 IS
        v_name VARCHAR2(32767) := UPPER(text_of(p_field, p_value, p_most, p_faults));
    BEGIN
        IF INSTR(c_letters, SUBSTR(v_name, 1, 1)) = 0 OR LTRIM(v_name, c_letters || '0123456789_') IS NOT NULL THEN
            refuse(
                p_faults, p_field,
                shown(v_name) || ' is no name: letters A to Z, digits and underscores, beginning with a letter.'
            );
            RETURN NULL;
        END IF;
        RETURN v_name;
    END identifier_of;

    FUNCTION name_of(p_value IN VARCHAR2, p_faults IN OUT NOCOPY fault_tab) RETURN VARCHAR2 IS
        v_name VARCHAR2(400) := identifier_of('p_strategy_name', p_value, 50, p_faults);
        v_why  VARCHAR2(800);
    BEGIN
        SELECT MIN(w.reason) INTO v_why FROM generic_generator_words w WHERE w.word = v_name;
        IF v_why IS NOT NULL THEN
            refuse(p_faults, 'p_strategy_name', v_why);
        ELSIF v_name LIKE 'SYS!_%' ESCAPE '!' THEN
            refuse(p_faults, 'p_strategy_name', 'Names that begin with SYS_ are Oracle''s own.');
        END IF;
        RETURN v_name;
    END name_of;

    FUNCTION one_of(
        p_field  IN VARCHAR2,
        p_value  IN VARCHAR2,
        p_known  IN word_tab,
        p_what   IN VARCHAR2,
        p_faults IN OUT NOCOPY fault_tab
    ) RETURN VARCHAR2 IS
        v_word VARCHAR2(32767) := UPPER(text_of(p_field, p_value, 100, p_faults));
    BEGIN
        IF v_word IS NOT NULL AND NOT is_among(v_word, p_known) THEN
            refuse(p_faults, p_field, shown(v_word) || ' is no ' || p_what || '; these are: ' || listed(p_known) || '.');
            RETURN NULL;
        END IF;
        RETURN v_word;
    END one_of;

    -- Each once, in capitals, as far as they are known
    FUNCTION words_of(
        p_field  IN VARCHAR2,
        p_typed  IN word_tab,
        p_known  IN word_tab,
        p_what   IN VARCHAR2,
        p_faults IN OUT NOCOPY fault_tab
    ) RETURN word_tab IS
        v_words word_tab := word_tab();
        v_seen  word_tab := word_tab();
        v_word  VARCHAR2(32767);
    BEGIN
        FOR i IN 1 .. p_typed.COUNT LOOP
            v_word := UPPER(text_of(p_field, p_typed(i), 100, p_faults));
            IF v_word IS NULL THEN
                CONTINUE;
            END IF;
            IF is_among(v_word, v_seen) THEN
                refuse(p_faults, p_field, shown(v_word) || ' stands here twice.');
            ELSIF is_among(v_word, p_known) THEN
                add_word(v_words, v_word);
            ELSE
                refuse(p_faults, p_field, shown(v_word) || ' is no ' || p_what || '; these are: ' || listed(p_known) || '.');
            END IF;
            add_word(v_seen, v_word);
        END LOOP;
        RETURN v_words;
    END words_of;

    -- The texts of an array in JSON; none where there is no array
    FUNCTION items_of(p_field IN VARCHAR2, p_array IN CLOB, p_faults IN OUT NOCOPY fault_tab) RETURN word_tab IS
        v_words word_tab := word_tab();
        v_array JSON_ARRAY_T;
        v_item  JSON_ELEMENT_T;
    BEGIN
        IF p_array IS NULL THEN
            RETURN v_words;
        END IF;
        BEGIN
            v_array := JSON_ARRAY_T.PARSE(p_array);
        EXCEPTION
            WHEN OTHERS THEN
                refuse(p_faults, p_field, 'is no array of JSON.');
                RETURN v_words;
        END;
        FOR i IN 0 .. v_array.GET_SIZE - 1 LOOP
            v_item := v_array.GET(i);
            IF v_item.IS_STRING THEN
                add_word(v_words, v_array.GET_STRING(i));
            ELSE
                refuse(p_faults, p_field, 'holds what is no text.');
            END IF;
        END LOOP;
        RETURN v_words;
    END items_of;

    ------------------------------------------------------------------------------------------------------------ JSON

    -- A text in JSON, with letters beyond ASCII as the portal writes them
    FUNCTION quoted(p_text IN VARCHAR2) RETURN VARCHAR2 IS
        v_json VARCHAR2(32767);
        v_one  VARCHAR2(8);
    BEGIN
        FOR i IN 1 .. NVL(LENGTH(p_text), 0) LOOP
            v_one := SUBSTR(p_text, i, 1);
            v_json := v_json || CASE
                WHEN v_one IN ('"', '\') THEN '\' || v_one
                WHEN ASCIISTR(v_one) = v_one THEN v_one
                ELSE LOWER(REPLACE(ASCIISTR(v_one), '\', '\u'))
            END;
        END LOOP;
        RETURN '"' || v_json || '"';
    END quoted;

    FUNCTION array_of(p_words IN word_tab) RETURN VARCHAR2 IS
        v_json VARCHAR2(32767);
    BEGIN
        FOR i IN 1 .. p_words.COUNT LOOP
            v_json := v_json || CASE WHEN i > 1 THEN ', ' END || quoted(p_words(i));
        END LOOP;
        RETURN '[' || v_json || ']';
    END array_of;

    -- The operations of a job that is nothing but its type: those of this type, or all, which is what none means
    FUNCTION operations_of_job(p_job_type IN VARCHAR2, p_operations IN word_tab) RETURN word_tab IS
        v_own   word_tab := word_tab();
        v_one   VARCHAR2(400);
        v_found NUMBER;
    BEGIN
        FOR i IN 1 .. p_operations.COUNT LOOP
            v_one := p_operations(i);
            SELECT COUNT(*) INTO v_found
              FROM generic_generator_operations o
             WHERE o.operation_type = v_one
               AND o.job_type = p_job_type;
            IF v_found > 0 THEN
                add_word(v_own, v_one);
            END IF;
        END LOOP;
        IF v_own.COUNT = p_operations.COUNT THEN
            v_own.DELETE;
        END IF;
        RETURN v_own;
    END operations_of_job;

    FUNCTION json_of_job(p_definition IN definition_row, p_job IN VARCHAR2) RETURN VARCHAR2 IS
    BEGIN
        RETURN '{"depends_on": [], "name": ' || quoted(p_job)
            || ', "operations": ' || array_of(operations_of_job(p_job, p_definition.operations))
            || ', "schedule_timezone": "UTC", "schedule_type": ' || quoted(p_definition.schedule_type)
            || ', "schedule_value": ' || quoted(p_definition.schedule_value)
            || ', "target_object": "ALL", "target_type": ' || quoted(p_definition.targets(1))
            || ', "type": ' || quoted(p_job) || '}';
    END json_of_job;

    -- As the portal writes a definition before it computes the digest: keys in the order of letters, nothing but ASCII
    FUNCTION json_of(p_definition IN definition_row) RETURN VARCHAR2 IS
        v_jobs VARCHAR2(32767);
    BEGIN
        FOR i IN 1 .. p_definition.jobs.COUNT LOOP
            v_jobs := v_jobs || CASE WHEN i > 1 THEN ', ' END || json_of_job(p_definition, p_definition.jobs(i));
        END LOOP;
        RETURN '{"category": ' || quoted(p_definition.category)
            || ', "description": ' || quoted(p_definition.description)
            || ', "jobs": [' || v_jobs || ']'
            || ', "name": ' || quoted(p_definition.name)
            || ', "operations": ' || array_of(p_definition.operations)
            || ', "parameters": {}, "targets": ' || array_of(p_definition.targets)
            || ', "type": ' || quoted(p_definition.strategy_type) || '}';
    END json_of;

    ------------------------------------------------------------------------------------------------------------ Definitions

    PROCEDURE refuse_not_offered(p_definition IN definition_row, p_faults IN OUT NOCOPY fault_tab) IS
        v_offered word_tab := offered_by(p_definition.strategy_type);
    BEGIN
        IF p_definition.strategy_type IS NULL THEN
            RETURN;
        END IF;
        FOR i IN 1 .. p_definition.operations.COUNT LOOP
            IF NOT is_among(p_definition.operations(i), v_offered) THEN
                refuse(
                    p_faults, 'p_operation_types',
                    'The template ' || p_definition.strategy_type || ' does not offer ' || p_definition.operations(i)
                        || '; it offers ' || listed(v_offered) || '.'
                );
            END IF;
        END LOOP;
    END refuse_not_offered;

    -- An operation without any of the targets would do nothing, and neither would a target without any of the operations
    PROCEDURE refuse_not_served(p_definition IN definition_row, p_faults IN OUT NOCOPY fault_tab) IS
        v_served word_tab := word_tab();
        v_types  word_tab;
        v_is_any BOOLEAN;
    BEGIN
        IF p_definition.targets.COUNT = 0 OR p_definition.operations.COUNT = 0 THEN
            RETURN;
        END IF;
        FOR i IN 1 .. p_definition.operations.COUNT LOOP
            v_types := targets_of(p_definition.operations(i));
            v_is_any := FALSE;
            FOR j IN 1 .. v_types.COUNT LOOP
                add_word(v_served, v_types(j));
                v_is_any := v_is_any OR is_among(v_types(j), p_definition.targets);
            END LOOP;
            IF NOT v_is_any THEN
                refuse(
                    p_faults, 'p_operation_types',
                    p_definition.operations(i) || ' works on ' || listed(v_types) || ', and none of these is among the targets.'
                );
            END IF;
        END LOOP;
        FOR i IN 1 .. p_definition.targets.COUNT LOOP
            IF NOT is_among(p_definition.targets(i), v_served) THEN
                refuse(p_faults, 'p_target_types', 'None of the operations works on ' || p_definition.targets(i) || '.');
            END IF;
        END LOOP;
    END refuse_not_served;

    -- What follows from the rest: when its jobs run, and the digest
    PROCEDURE complete(p_definition IN OUT NOCOPY definition_row, p_faults IN OUT NOCOPY fault_tab) IS
        v_json VARCHAR2(32767);
    BEGIN
        FOR found IN (
            SELECT t.schedule_type, t.schedule_value
              FROM generic_generator_templates t
             WHERE t.strategy_type = p_definition.strategy_type
        ) LOOP
            p_definition.schedule_type := found.schedule_type;
            p_definition.schedule_value := found.schedule_value;
        END LOOP;
        IF p_faults.COUNT > 0 THEN
            RETURN;
        END IF;
        v_json := json_of(p_definition);
        IF LENGTHB(v_json) > c_digestible THEN
            refuse(
                p_faults, 'p_description',
                'The definition has ' || LENGTHB(v_json) || ' bytes as JSON; ' || c_digestible
                    || ' is the most. Say less, or name fewer jobs.'
            );
            RETURN;
        END IF;
        SELECT LOWER(RAWTOHEX(STANDARD_HASH(v_json, 'SHA256'))) INTO p_definition.digest FROM dual d;
    END complete;

    FUNCTION definition_of(
        p_strategy_name   IN VARCHAR2,
        p_strategy_type   IN VARCHAR2,
        p_description     IN VARCHAR2,
        p_category        IN VARCHAR2,
        p_target_types    IN VARCHAR2,
        p_operation_types IN VARCHAR2,
        p_job_types       IN VARCHAR2,
        p_faults          IN OUT NOCOPY fault_tab
    ) RETURN definition_row IS
        v_definition definition_row;
        v_targets    word_tab := words_between(p_target_types, ',');
        v_operations word_tab := words_between(p_operation_types, ',');
        v_jobs       word_tab := words_between(p_job_types, ',');
    BEGIN
        v_definition.name := name_of(p_strategy_name, p_faults);
        v_definition.strategy_type := one_of('p_strategy_type', p_strategy_type, known_templates, 'template', p_faults);
        v_definition.category := identifier_of('p_category', p_category, 30, p_faults);
        v_definition.description := text_of('p_description', p_description, 200, p_faults);
        IF v_targets.COUNT = 0 THEN
            refuse(p_faults, 'p_target_types', 'is missing: name one or more.');
        END IF;
        IF v_operations.COUNT = 0 THEN
            refuse(p_faults, 'p_operation_types', 'is missing: name one or more.');
        END IF;
        v_definition.targets := words_of('p_target_types', v_targets, known_target_types, 'type of target', p_faults);
        v_definition.operations := words_of(
            'p_operation_types', v_operations, known_operations, 'operation that can be generated', p_faults
        );
        refuse_not_offered(v_definition, p_faults);
        refuse_not_served(v_definition, p_faults);
        IF v_jobs.COUNT > c_most_jobs THEN
            refuse(p_faults, 'p_job_types', 'are ' || v_jobs.COUNT || '; ' || c_most_jobs || ' is the most.');
            v_jobs.DELETE;
        END IF;
        v_definition.jobs := words_of('p_job_types', v_jobs, known_job_types, 'type of job', p_faults);
        complete(v_definition, p_faults);
        RETURN v_definition;
    END definition_of;

    -- Of a call that names less: the rest is what the registry says, or what the operations need
    FUNCTION definition_from(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_description   IN VARCHAR2,
        p_field         IN VARCHAR2,
        p_operations    IN CLOB,
        p_faults        IN OUT NOCOPY fault_tab
    ) RETURN definition_row IS
        v_definition  definition_row;
        v_typed       word_tab := items_of(p_field, p_operations, p_faults);
        v_type        VARCHAR2(400) := p_strategy_type;
        v_category    VARCHAR2(400) := 'DATABASE';
        v_description VARCHAR2(4000);
        v_types       word_tab;
    BEGIN
        v_definition.name := name_of(p_strategy_name, p_faults);
        FOR found IN (
            SELECT t.strategy_type, t.category, t.description
              FROM generic_strategy_types t
             WHERE t.strategy_name = v_definition.name
        ) LOOP
            v_type := NVL(v_type, found.strategy_type);
            v_category := NVL(found.category, v_category);
            v_description := found.description;
        END LOOP;
        v_definition.strategy_type := one_of('p_strategy_type', v_type, known_templates, 'template', p_faults);
        v_definition.category := v_category;
        v_definition.description := text_of(
            'p_description', COALESCE(p_description, v_description, 'Generated without a description.'), 200, p_faults
        );
        IF v_typed.COUNT = 0 THEN
            v_definition.operations := offered_by(v_definition.strategy_type);
        ELSE
            v_definition.operations := words_of(
                p_field, v_typed, known_operations, 'operation that can be generated', p_faults
            );
        END IF;
        refuse_not_offered(v_definition, p_faults);
        v_definition.targets := word_tab();
        FOR i IN 1 .. v_definition.operations.COUNT LOOP
            v_types := targets_of(v_definition.operations(i));
            FOR j IN 1 .. v_types.COUNT LOOP
                IF NOT is_among(v_types(j), v_definition.targets) THEN
                    add_word(v_definition.targets, v_types(j));
                END IF;
            END LOOP;
        END LOOP;
        v_definition.jobs := word_tab();
        complete(v_definition, p_faults);
        RETURN v_definition;
    END definition_from;

    FUNCTION get_definition_faults(
        p_strategy_name   IN VARCHAR2,
        p_strategy_type   IN VARCHAR2,
        p_description     IN VARCHAR2,
        p_category        IN VARCHAR2,
        p_target_types    IN VARCHAR2,
        p_operation_types IN VARCHAR2,
        p_job_types       IN VARCHAR2 DEFAULT NULL
    ) RETURN fault_tab PIPELINED IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
    BEGIN
        v_definition := definition_of(
            p_strategy_name, p_strategy_type, p_description, p_category, p_target_types, p_operation_types, p_job_types, v_faults
        );
        FOR i IN 1 .. v_faults.COUNT LOOP
            PIPE ROW (v_faults(i));
        END LOOP;
        RETURN;
    END get_definition_faults;

    FUNCTION validate_strategy_definition(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN BOOLEAN IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
    BEGIN
        v_definition := definition_from(p_strategy_name, p_strategy_type, NULL, 'p_operations', p_operations, v_faults);
        RETURN v_faults.COUNT = 0;
    END validate_strategy_definition;

    ------------------------------------------------------------------------------------------------------------ Masters

    FUNCTION package_of(p_definition IN definition_row) RETURN VARCHAR2 IS
    BEGIN
        RETURN LOWER(p_definition.name) || '_pkg';
    END package_of;

    -- The sections that stay: each operation on each of the targets
    FUNCTION parts_of(p_definition IN definition_row) RETURN word_tab IS
        v_parts word_tab := word_tab();
    BEGIN
        FOR found IN (SELECT p.part_key, p.operation_type, p.target_type FROM generic_generator_parts p) LOOP
            IF is_among(found.operation_type, p_definition.operations) AND is_among(found.target_type, p_definition.targets) THEN
                add_word(v_parts, found.part_key);
            END IF;
        END LOOP;
        RETURN v_parts;
    END parts_of;

    -- '1' where any of the parts works without an object's name
    FUNCTION takes_all(p_parts IN word_tab) RETURN VARCHAR2 IS
    BEGIN
        FOR found IN (SELECT p.part_key FROM generic_generator_parts p WHERE p.needs_object = 'N') LOOP
            IF is_among(found.part_key, p_parts) THEN
                RETURN '1';
            END IF;
        END LOOP;
        RETURN '0';
    END takes_all;

    FUNCTION with_values(p_line IN VARCHAR2, p_definition IN definition_row, p_takes_all IN VARCHAR2) RETURN VARCHAR2 IS
        v_line VARCHAR2(32767) := p_line;
    BEGIN
        IF INSTR(v_line, '#{') = 0 THEN
            RETURN v_line;
        END IF;
        v_line := REPLACE(v_line, '#{name}', p_definition.name);
        v_line := REPLACE(v_line, '#{package}', package_of(p_definition));
        v_line := REPLACE(v_line, '#{digest}', p_definition.digest);
        v_line := REPLACE(v_line, '#{takes_all}', p_takes_all);
        IF p_definition.targets.COUNT > 0 THEN
            v_line := REPLACE(v_line, '#{target_type}', p_definition.targets(1));
        END IF;
        FOR found IN (SELECT s.setting_name, s.default_literal, s.default_shown FROM generic_generator_settings s) LOOP
            v_line := REPLACE(v_line, '#{default:' || found.setting_name || '}', found.default_literal);
            v_line := REPLACE(v_line, '#{shown:' || found.setting_name || '}', found.default_shown);
        END LOOP;
        RETURN v_line;
    END with_values;

    FUNCTION is_chosen(p_sections IN VARCHAR2, p_parts IN word_tab) RETURN BOOLEAN IS
        v_sections word_tab := words_between(p_sections, ' ');
    BEGIN
        FOR i IN 1 .. v_sections.COUNT LOOP
            IF is_among(v_sections(i), p_parts) THEN
                RETURN TRUE;
            END IF;
        END LOOP;
        RETURN v_sections.COUNT = 0;
    END is_chosen;

    -- A master with the sections and values of a definition; it ends with one line's end
    FUNCTION filled(p_path IN VARCHAR2, p_definition IN definition_row) RETURN CLOB IS
        v_parts  word_tab := parts_of(p_definition);
        v_all    VARCHAR2(1) := takes_all(v_parts);
        v_master CLOB;
        v_text   CLOB;
        v_line   VARCHAR2(32767);
        v_stays  BOOLEAN := TRUE;
        v_at     PLS_INTEGER := 1;
        v_end    PLS_INTEGER;
    BEGIN
        SELECT m.text INTO v_master FROM generic_generator_masters m WHERE m.path = p_path;
        WHILE v_at <= DBMS_LOB.GETLENGTH(v_master) LOOP
            v_end := DBMS_LOB.INSTR(v_master, c_line_end, v_at);
            v_line := DBMS_LOB.SUBSTR(v_master, v_end - v_at, v_at);
            IF SUBSTR(v_line, 1, 2) = c_mark THEN
                v_stays := is_chosen(SUBSTR(v_line, 3), v_parts);
            ELSIF v_stays THEN
                v_text := v_text || with_values(v_line, p_definition, v_all) || c_line_end;
            END IF;
            v_at := v_end + 1;
        END LOOP;
        RETURN RTRIM(v_text, c_line_end) || c_line_end;
    EXCEPTION
        WHEN NO_DATA_FOUND THEN
            RAISE_APPLICATION_ERROR(-20001, 'GENERIC_GENERATOR_MASTERS has no row ' || p_path || ': install the generator again.');
    END filled;

    FUNCTION generate_package_spec(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN CLOB IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
    BEGIN
        v_definition := definition_from(p_strategy_name, p_strategy_type, NULL, 'p_operations', p_operations, v_faults);
        raise_all(v_faults);
        RETURN filled('plsql/#{package}.sql', v_definition);
    END generate_package_spec;

    FUNCTION generate_package_body(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN CLOB IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
    BEGIN
        v_definition := definition_from(p_strategy_name, p_strategy_type, NULL, 'p_operations', p_operations, v_faults);
        raise_all(v_faults);
        RETURN filled('plsql/#{package}_body.sql', v_definition);
    END generate_package_body;

    FUNCTION generate_test_scripts(
        p_strategy_name  IN VARCHAR2,
        p_test_scenarios IN CLOB
    ) RETURN CLOB IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
    BEGIN
        v_definition := definition_from(p_strategy_name, NULL, NULL, 'p_test_scenarios', p_test_scenarios, v_faults);
        IF NOT is_registered(v_definition.name) THEN
            refuse(v_faults, 'p_strategy_name', 'No strategy of this name is registered, so that its type is not known.');
        END IF;
        raise_all(v_faults);
        RETURN filled('plsql/test_#{package}.sql', v_definition) || filled('plsql/test_#{package}_body.sql', v_definition);
    END generate_test_scripts;

    FUNCTION generate_documentation(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_description   IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN CLOB IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
    BEGIN
        v_definition := definition_from(
            p_strategy_name, p_strategy_type, p_description, 'p_operations', p_operations, v_faults
        );
        raise_all(v_faults);
        RETURN filled('docs/package.md', v_definition);
    END generate_documentation;

    -- For scripts that nothing but the name is filled into
    FUNCTION named(p_strategy_name IN VARCHAR2, p_faults IN OUT NOCOPY fault_tab) RETURN definition_row IS
        v_definition definition_row;
    BEGIN
        v_definition.name := name_of(p_strategy_name, p_faults);
        v_definition.targets := word_tab();
        v_definition.operations := word_tab();
        v_definition.jobs := word_tab();
        RETURN v_definition;
    END named;

    -- A block that ends a script where an object is missing
    FUNCTION check_of(p_object IN VARCHAR2) RETURN VARCHAR2 IS
    BEGIN
        RETURN 'DECLARE' || c_line_end
            || '    v_there NUMBER;' || c_line_end
            || 'BEGIN' || c_line_end
            || '    SELECT COUNT(*) INTO v_there' || c_line_end
            || '      FROM user_objects o' || c_line_end
            || '     WHERE o.object_name = ''' || p_object || '''' || c_line_end
            || '       AND o.status = ''VALID'';' || c_line_end
            || '    IF v_there = 0 THEN' || c_line_end
            || '        RAISE_APPLICATION_ERROR(-20003, ''' || p_object || ' is not there, or not valid.'');' || c_line_end
            || '    END IF;' || c_line_end
            || 'END;' || c_line_end
            || '/' || c_line_end;
    END check_of;

    FUNCTION generate_deployment_script(
        p_strategy_name IN VARCHAR2,
        p_dependencies  IN CLOB DEFAULT NULL
    ) RETURN CLOB IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row := named(p_strategy_name, v_faults);
        v_needed     word_tab := items_of('p_dependencies', p_dependencies, v_faults);
        v_text       CLOB;
    BEGIN
        FOR i IN 1 .. v_needed.COUNT LOOP
            v_needed(i) := identifier_of('p_dependencies', v_needed(i), 128, v_faults);
        END LOOP;
        raise_all(v_faults);
        IF v_needed.COUNT > 0 THEN
            v_text := 'WHENEVER SQLERROR EXIT FAILURE ROLLBACK' || c_line_end;
        END IF;
        FOR i IN 1 .. v_needed.COUNT LOOP
            v_text := v_text || check_of(v_needed(i));
        END LOOP;
        RETURN v_text || filled('plsql/deploy.sql', v_definition);
    END generate_deployment_script;

    FUNCTION generate_rollback_script(
        p_strategy_name IN VARCHAR2
    ) RETURN CLOB IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row := named(p_strategy_name, v_faults);
    BEGIN
        raise_all(v_faults);
        RETURN filled('plsql/rollback.sql', v_definition);
    END generate_rollback_script;

    ------------------------------------------------------------------------------------------------------------ Files

    FUNCTION without_end(p_path IN VARCHAR2) RETURN VARCHAR2 IS
    BEGIN
        RETURN NVL(RTRIM(p_path, '/\'), p_path);
    END without_end;

    -- The directory object that was named, or else one whose path was
    FUNCTION directory_of(p_directory IN VARCHAR2, p_faults IN OUT NOCOPY fault_tab) RETURN VARCHAR2 IS
        v_typed VARCHAR2(32767) := without_end(TRIM(p_directory));
        v_name  VARCHAR2(512);
    BEGIN
        FOR found IN (SELECT d.directory_name, d.directory_path FROM all_directories d ORDER BY d.directory_name) LOOP
            IF found.directory_name = v_typed THEN
                RETURN found.directory_name;
            END IF;
            IF found.directory_name = UPPER(v_typed) THEN
                v_name := found.directory_name;
            ELSIF without_end(found.directory_path) = v_typed THEN
                v_name := NVL(v_name, found.directory_name);
            END IF;
        END LOOP;
        IF v_name IS NULL THEN
            refuse(
                p_faults, 'p_output_directory',
                NVL(shown(v_typed), 'It') || ' is neither a directory object that ' || SYS_CONTEXT('USERENV', 'CURRENT_USER')
                    || ' may use nor the path of one.'
            );
        END IF;
        RETURN v_name;
    END directory_of;

    FUNCTION is_there(p_directory IN VARCHAR2, p_file IN VARCHAR2) RETURN BOOLEAN IS
        v_exists BOOLEAN;
        v_length NUMBER;
        v_block  BINARY_INTEGER;
    BEGIN
        UTL_FILE.FGETATTR(p_directory, p_file, v_exists, v_length, v_block);
        RETURN v_exists;
    END is_there;

    -- Without folders, which a directory object has none of: what has not the package in its name gets the strategy's
    FUNCTION file_of(p_path IN VARCHAR2, p_definition IN definition_row) RETURN VARCHAR2 IS
        v_file VARCHAR2(400) := SUBSTR(p_path, INSTR(p_path, '/', -1) + 1);
    BEGIN
        RETURN REPLACE(
            CASE WHEN INSTR(v_file, '#{package}') = 0 THEN LOWER(p_definition.name) || '_' END || v_file,
            '#{package}', package_of(p_definition)
        );
    END file_of;

    FUNCTION paths RETURN word_tab IS
        v_paths word_tab := word_tab();
    BEGIN
        FOR found IN (SELECT m.path FROM generic_generator_masters m ORDER BY m.position) LOOP
            add_word(v_paths, found.path);
        END LOOP;
        add_word(v_paths, 'definition.json');
        RETURN v_paths;
    END paths;

    PROCEDURE write_file(p_directory IN VARCHAR2, p_file IN VARCHAR2, p_text IN CLOB) IS
        v_file UTL_FILE.FILE_TYPE;
        v_at   PLS_INTEGER := 1;
        v_end  PLS_INTEGER;
    BEGIN
        v_file := UTL_FILE.FOPEN_NCHAR(p_directory, p_file, 'w', 32767);
        WHILE v_at <= DBMS_LOB.GETLENGTH(p_text) LOOP
            v_end := DBMS_LOB.INSTR(p_text, c_line_end, v_at);
            IF v_end = v_at THEN
                UTL_FILE.NEW_LINE(v_file);
            ELSE
                UTL_FILE.PUT_LINE_NCHAR(v_file, DBMS_LOB.SUBSTR(p_text, v_end - v_at, v_at));
            END IF;
            v_at := v_end + 1;
        END LOOP;
        UTL_FILE.FCLOSE(v_file);
    EXCEPTION
        WHEN OTHERS THEN
            IF UTL_FILE.IS_OPEN(v_file) THEN
                UTL_FILE.FCLOSE(v_file);
            END IF;
            RAISE;
    END write_file;

    -- What was written before something failed; what cannot be removed stays
    PROCEDURE remove_files(p_directory IN VARCHAR2, p_files IN word_tab) IS
    BEGIN
        FOR i IN 1 .. p_files.COUNT LOOP
            BEGIN
                UTL_FILE.FREMOVE(p_directory, p_files(i));
            EXCEPTION
                WHEN OTHERS THEN
                    NULL;  -- it stays
            END;
        END LOOP;
    END remove_files;

    -- All of them, or none
    PROCEDURE write_all(p_directory IN VARCHAR2, p_definition IN definition_row) IS
        v_paths   word_tab := paths;
        v_written word_tab := word_tab();
        v_file    VARCHAR2(400);
    BEGIN
        FOR i IN 1 .. v_paths.COUNT LOOP
            v_file := file_of(v_paths(i), p_definition);
            add_word(v_written, v_file);
            write_file(p_directory, v_file, CASE
                WHEN v_paths(i) = 'definition.json' THEN TO_CLOB(json_of(p_definition) || c_line_end)
                ELSE filled(v_paths(i), p_definition)
            END);
        END LOOP;
    EXCEPTION
        WHEN OTHERS THEN
            remove_files(p_directory, v_written);
            RAISE;
    END write_all;

    PROCEDURE generate_strategy_implementation(
        p_strategy_name    IN VARCHAR2,
        p_strategy_type    IN VARCHAR2,
        p_description      IN VARCHAR2,
        p_category         IN VARCHAR2,
        p_target_types     IN VARCHAR2,
        p_operation_types  IN VARCHAR2,
        p_job_types        IN VARCHAR2,
        p_output_directory IN VARCHAR2 DEFAULT '/tmp'
    ) IS
        v_faults     fault_tab := fault_tab();
        v_definition definition_row;
        v_directory  VARCHAR2(512);
        v_paths      word_tab := paths;
    BEGIN
        v_definition := definition_of(
            p_strategy_name, p_strategy_type, p_description, p_category, p_target_types, p_operation_types, p_job_types, v_faults
        );
        v_directory := directory_of(p_output_directory, v_faults);
        IF v_faults.COUNT = 0 THEN
            FOR i IN 1 .. v_paths.COUNT LOOP
                IF is_there(v_directory, file_of(v_paths(i), v_definition)) THEN
                    refuse(
                        v_faults, 'p_output_directory',
                        file_of(v_paths(i), v_definition) || ' is there already; no file is replaced.'
                    );
                END IF;
            END LOOP;
        END IF;
        raise_all(v_faults);
        write_all(v_directory, v_definition);
        generic_maintenance_logger_pkg.log_operation(
            p_strategy_name => v_definition.name, p_operation_type => 'CREATE', p_target_object => v_directory,
            p_target_type => 'DIRECTORY', p_message => TO_CHAR(v_paths.COUNT) || ' files were generated from the definition '
                || v_definition.digest || '.', p_objects_affected => v_paths.COUNT
        );
    EXCEPTION
        WHEN OTHERS THEN
            generic_maintenance_logger_pkg.log_operation(
                p_strategy_name => p_strategy_name, p_operation_type => 'CREATE', p_target_object => p_output_directory,
                p_target_type => 'DIRECTORY', p_status => 'ERROR', p_message => 'Nothing was generated.',
                p_error_message => SQLERRM
            );
            RAISE;
    END generate_strategy_implementation;

    ------------------------------------------------------------------------------------------------------------ Templates

    FUNCTION operations_as_json(p_operations IN word_tab) RETURN JSON_ARRAY_T IS
        v_all JSON_ARRAY_T := JSON_ARRAY_T();
        v_one JSON_OBJECT_T;
    BEGIN
        FOR found IN (
            SELECT o.operation_type, o.title, o.what, o.job_type FROM generic_generator_operations o ORDER BY o.position
        ) LOOP
            IF is_among(found.operation_type, p_operations) THEN
                v_one := JSON_OBJECT_T();
                v_one.PUT('operation_type', found.operation_type);
                v_one.PUT('title', found.title);
                v_one.PUT('what', found.what);
                v_one.PUT('job_type', found.job_type);
                v_one.PUT('target_types', JSON_ARRAY_T.PARSE(array_of(targets_of(found.operation_type))));
                v_all.APPEND(v_one);
            END IF;
        END LOOP;
        RETURN v_all;
    END operations_as_json;

    FUNCTION is_taken_by_any(p_takers IN VARCHAR2, p_operations IN word_tab) RETURN BOOLEAN IS
        v_takers word_tab := words_between(p_takers, ',');
    BEGIN
        FOR i IN 1 .. v_takers.COUNT LOOP
            IF is_among(v_takers(i), p_operations) THEN
                RETURN TRUE;
            END IF;
        END LOOP;
        RETURN FALSE;
    END is_taken_by_any;

    FUNCTION settings_as_json(p_operations IN word_tab) RETURN JSON_ARRAY_T IS
        v_all JSON_ARRAY_T := JSON_ARRAY_T();
        v_one JSON_OBJECT_T;
    BEGIN
        FOR found IN (
            SELECT s.setting_name, s.kind, s.default_json, s.least, s.most, s.longest, s.title, s.operations
              FROM generic_generator_settings s
             ORDER BY s.position
        ) LOOP
            IF is_taken_by_any(found.operations, p_operations) THEN
                v_one := JSON_OBJECT_T.PARSE('{"default": ' || found.default_json || '}');
                v_one.PUT('name', found.setting_name);
                v_one.PUT('title', found.title);
                v_one.PUT('kind', found.kind);
                IF found.least IS NOT NULL THEN
                    v_one.PUT('least', found.least);
                    v_one.PUT('most', found.most);
                END IF;
                IF found.longest IS NOT NULL THEN
                    v_one.PUT('longest', found.longest);
                END IF;
                v_all.APPEND(v_one);
            END IF;
        END LOOP;
        RETURN v_all;
    END settings_as_json;

    FUNCTION get_strategy_template(
        p_strategy_type IN VARCHAR2
    ) RETURN CLOB IS
        v_faults   fault_tab := fault_tab();
        v_type     VARCHAR2(400) := one_of('p_strategy_type', p_strategy_type, known_templates, 'template', v_faults);
        v_offered  word_tab := offered_by(v_type);
        v_template JSON_OBJECT_T := JSON_OBJECT_T();
        v_job      JSON_OBJECT_T := JSON_OBJECT_T();
    BEGIN
        raise_all(v_faults);
        FOR found IN (
            SELECT t.title, t.when_to_use, t.job_type, t.schedule_type, t.schedule_value
              FROM generic_generator_templates t
             WHERE t.strategy_type = v_type
        ) LOOP
            v_template.PUT('strategy_type', v_type);
            v_template.PUT('title', found.title);
            v_template.PUT('when_to_use', found.when_to_use);
            v_job.PUT('job_type', found.job_type);
            v_job.PUT('schedule_type', found.schedule_type);
            v_job.PUT('schedule_value', found.schedule_value);
        END LOOP;
        v_template.PUT('job', v_job);
        v_template.PUT('operations', operations_as_json(v_offered));
        v_template.PUT('parameters', settings_as_json(v_offered));
        RETURN v_template.TO_CLOB;
    END get_strategy_template;

    ------------------------------------------------------------------------------------------------------------ Rows

    -- NULL where it is not
    FUNCTION object_of(p_field IN VARCHAR2, p_json IN CLOB, p_faults IN OUT NOCOPY fault_tab) RETURN JSON_OBJECT_T IS
    BEGIN
        IF p_json IS NULL THEN
            refuse(p_faults, p_field, 'is missing.');
            RETURN NULL;
        END IF;
        RETURN JSON_OBJECT_T.PARSE(p_json);
    EXCEPTION
        WHEN OTHERS THEN
            refuse(p_faults, p_field, 'is no object of JSON.');
            RETURN NULL;
    END object_of;

    PROCEDURE refuse_unregistered(p_strategy_name IN VARCHAR2, p_faults IN OUT NOCOPY fault_tab) IS
    BEGIN
        IF NOT is_registered(p_strategy_name) THEN
            refuse(p_faults, 'p_strategy_name', 'No strategy of this name is registered.');
        END IF;
    END refuse_unregistered;

    PROCEDURE tell(p_strategy_name IN VARCHAR2, p_object IN VARCHAR2, p_type IN VARCHAR2, p_message IN VARCHAR2) IS
    BEGIN
        generic_maintenance_logger_pkg.log_operation(
            p_strategy_name => p_strategy_name, p_operation_type => 'CREATE', p_target_object => p_object, p_target_type => p_type,
            p_message => p_message
        );
    END tell;

    PROCEDURE generate_strategy_config(
        p_strategy_name       IN VARCHAR2,
        p_strategy_type       IN VARCHAR2,
        p_target_object       IN VARCHAR2,
        p_target_type         IN VARCHAR2,
        p_strategy_config     IN CLOB,
        p_schedule_expression IN VARCHAR2 DEFAULT NULL
    ) IS
        v_faults   fault_tab := fault_tab();
        v_type     VARCHAR2(32767) := text_of('p_strategy_type', p_strategy_type, 20, v_faults);
        v_object   VARCHAR2(32767) := text_of('p_target_object', p_target_object, 128, v_faults);
        v_target   VARCHAR2(32767) := one_of('p_target_type', p_target_type, known_target_types, 'type of target', v_faults);
        v_schedule VARCHAR2(32767);
        v_config   JSON_OBJECT_T := object_of('p_strategy_config', p_strategy_config, v_faults);
    BEGIN
        refuse_unregistered(p_strategy_name, v_faults);
        IF p_schedule_expression IS NOT NULL THEN
            v_schedule := text_of('p_schedule_expression', p_schedule_expression, 200, v_faults);
        END IF;
        raise_all(v_faults);
        generic_generator_store_pkg.add_configuration(p_strategy_name, v_type, v_object, v_target, v_config.TO_CLOB, v_schedule);
        tell(p_strategy_name, v_object, v_target, 'A configuration was added; it counts once it is committed.');
    END generate_strategy_config;

    -- One of the array: read, and then added
    PROCEDURE read_job(
        p_strategy_name IN VARCHAR2,
        p_field         IN VARCHAR2,
        p_job           IN JSON_OBJECT_T,
        p_is_added      IN BOOLEAN,
        p_faults        IN OUT NOCOPY fault_tab
    ) IS
        v_known    word_tab := words_between(c_job_keys, ' ');
        v_kinds    word_tab := words_between(c_schedule_types, ' ');
        v_keys     JSON_KEY_LIST;
        v_given    JSON_OBJECT_T;
        v_name     VARCHAR2(32767);
        v_type     VARCHAR2(32767);
        v_schedule VARCHAR2(32767);
        v_value    VARCHAR2(32767);
        v_zone     VARCHAR2(32767);
        v_object   VARCHAR2(32767);
        v_target   VARCHAR2(32767);
        v_more     CLOB;
    BEGIN
        v_keys := p_job.GET_KEYS;
        FOR i IN 1 .. p_job.GET_SIZE LOOP
            IF NOT is_among(v_keys(i), v_known) THEN
                refuse(p_faults, p_field, shown(v_keys(i)) || ' is not part of a job.');
            END IF;
        END LOOP;
        v_name := p_job.GET_STRING('job_name');
        v_name := text_of(p_field || '.job_name', v_name, 128, p_faults);
        v_type := p_job.GET_STRING('job_type');
        v_type := one_of(p_field || '.job_type', v_type, known_job_types, 'type of job', p_faults);
        v_schedule := p_job.GET_STRING('schedule_type');
        v_schedule := one_of(p_field || '.schedule_type', v_schedule, v_kinds, 'type of schedule', p_faults);
        v_object := p_job.GET_STRING('target_object');
        v_object := text_of(p_field || '.target_object', v_object, 128, p_faults);
        v_target := p_job.GET_STRING('target_type');
        v_target := one_of(p_field || '.target_type', v_target, known_target_types, 'type of target', p_faults);
        v_value := p_job.GET_STRING('schedule_value');
        IF v_value IS NOT NULL THEN
            v_value := text_of(p_field || '.schedule_value', v_value, 100, p_faults);
        END IF;
        v_zone := NVL(p_job.GET_STRING('schedule_timezone'), 'UTC');
        v_zone := text_of(p_field || '.schedule_timezone', v_zone, 64, p_faults);
        IF p_job.HAS('job_parameters') THEN
            v_given := p_job.GET_OBJECT('job_parameters');
            IF v_given IS NULL THEN
                refuse(p_faults, p_field || '.job_parameters', 'is no object of JSON.');
            ELSE
                v_more := v_given.TO_CLOB;
            END IF;
        END IF;
        IF p_is_added THEN
            generic_generator_store_pkg.add_job(
                p_strategy_name, v_name, v_type, v_schedule, v_value, v_zone, v_object, v_target, v_more
            );
        END IF;
    END read_job;

    PROCEDURE generate_maintenance_jobs(
        p_strategy_name   IN VARCHAR2,
        p_job_definitions IN CLOB
    ) IS
        v_faults fault_tab := fault_tab();
        v_jobs   JSON_ARRAY_T := JSON_ARRAY_T();
        v_one    JSON_ELEMENT_T;
    BEGIN
        refuse_unregistered(p_strategy_name, v_faults);
        BEGIN
            v_jobs := JSON_ARRAY_T.PARSE(p_job_definitions);
        EXCEPTION
            WHEN OTHERS THEN
                refuse(v_faults, 'p_job_definitions', 'is no array of JSON.');
        END;
        -- All of them are read before the first is added
        FOR turn IN 1 .. 2 LOOP
            FOR i IN 0 .. v_jobs.GET_SIZE - 1 LOOP
                v_one := v_jobs.GET(i);
                IF v_one.IS_OBJECT THEN
                    read_job(
                        p_strategy_name, 'p_job_definitions[' || i || ']', TREAT(v_one AS JSON_OBJECT_T), turn = 2, v_faults
                    );
                ELSE
                    refuse(v_faults, 'p_job_definitions[' || i || ']', 'is no object of JSON.');
                END IF;
            END LOOP;
            raise_all(v_faults);
        END LOOP;
        tell(p_strategy_name, NULL, NULL, TO_CHAR(v_jobs.GET_SIZE) || ' jobs were added; they count once they are committed.');
    END generate_maintenance_jobs;

    PROCEDURE add_to_list(p_list IN VARCHAR2, p_word IN VARCHAR2, p_description IN VARCHAR2) IS
    BEGIN
        IF p_list = 'operation_types' THEN
            INSERT INTO generic_operation_types (operation_type, description)
            SELECT p_word, p_description FROM dual d
             WHERE NOT EXISTS (SELECT 1 FROM generic_operation_types t WHERE t.operation_type = p_word);
        ELSIF p_list = 'job_types' THEN
            INSERT INTO generic_job_types (job_type, description)
            SELECT p_word, p_description FROM dual d
             WHERE NOT EXISTS (SELECT 1 FROM generic_job_types t WHERE t.job_type = p_word);
        ELSE
            INSERT INTO generic_target_types (target_type, description)
            SELECT p_word, p_description FROM dual d
             WHERE NOT EXISTS (SELECT 1 FROM generic_target_types t WHERE t.target_type = p_word);
        END IF;
    END add_to_list;

    -- The words of one list; its faults, too
    PROCEDURE read_words(
        p_list     IN VARCHAR2,
        p_words    IN JSON_OBJECT_T,
        p_is_added IN BOOLEAN,
        p_faults   IN OUT NOCOPY fault_tab
    ) IS
        v_field VARCHAR2(200) := SUBSTR('p_lookup_definitions.' || p_list, 1, 50);
        v_keys  JSON_KEY_LIST;
        v_word  VARCHAR2(32767);
        v_what  VARCHAR2(32767);
    BEGIN
        IF p_list NOT IN ('operation_types', 'job_types', 'target_types') THEN
            refuse(p_faults, v_field, 'is no list; these are: operation_types, job_types, target_types.');
            RETURN;
        END IF;
        IF p_words IS NULL THEN
            refuse(p_faults, v_field, 'is no object of JSON.');
            RETURN;
        END IF;
        v_keys := p_words.GET_KEYS;
        FOR i IN 1 .. p_words.GET_SIZE LOOP
            v_word := identifier_of(v_field, v_keys(i), CASE WHEN p_list = 'target_types' THEN 30 ELSE 50 END, p_faults);
            v_what := text_of(v_field || '.' || shown(v_keys(i)), p_words.GET_STRING(v_keys(i)), 200, p_faults);
            IF p_is_added THEN
                add_to_list(p_list, v_word, v_what);
            END IF;
        END LOOP;
    END read_words;

    PROCEDURE generate_lookup_data(
        p_strategy_name      IN VARCHAR2,
        p_lookup_definitions IN CLOB
    ) IS
        v_faults fault_tab := fault_tab();
        v_lists  JSON_OBJECT_T := object_of('p_lookup_definitions', p_lookup_definitions, v_faults);
        v_keys   JSON_KEY_LIST;
        v_count  PLS_INTEGER := 0;
    BEGIN
        refuse_unregistered(p_strategy_name, v_faults);
        IF v_lists IS NOT NULL THEN
            v_count := v_lists.GET_SIZE;
            v_keys := v_lists.GET_KEYS;
            IF v_count = 0 THEN
                refuse(v_faults, 'p_lookup_definitions', 'names no list.');
            END IF;
        END IF;
        -- All of them are read before the first is added
        FOR turn IN 1 .. 2 LOOP
            FOR i IN 1 .. v_count LOOP
                read_words(v_keys(i), v_lists.GET_OBJECT(v_keys(i)), turn = 2, v_faults);
            END LOOP;
            raise_all(v_faults);
        END LOOP;
        tell(p_strategy_name, NULL, NULL, 'Words were added to the lists of the registry; they count once they are committed.');
    END generate_lookup_data;
END strategy_implementation_generator_pkg;
/
