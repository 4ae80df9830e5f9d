-- What strategies are generated from inside a database. The rows come from the portal's own library with each installation, and go with it.
CREATE TABLE generic_generator_templates (
    strategy_type  VARCHAR2(20 CHAR) NOT NULL,
    title          VARCHAR2(200 CHAR) NOT NULL,
    when_to_use    VARCHAR2(2000 CHAR) NOT NULL,
    operations     VARCHAR2(2000 CHAR) NOT NULL,
    job_type       VARCHAR2(50 CHAR) NOT NULL,
    schedule_type  VARCHAR2(20 CHAR) NOT NULL,
    schedule_value VARCHAR2(100 CHAR),
    CONSTRAINT generic_generator_templates_pk PRIMARY KEY (strategy_type)
)
/
COMMENT ON TABLE generic_generator_templates IS 'maintenance-portal: types of strategies, and the operations that each offers'
/
CREATE TABLE generic_generator_operations (
    operation_type VARCHAR2(50 CHAR) NOT NULL,
    title          VARCHAR2(200 CHAR) NOT NULL,
    what           VARCHAR2(2000 CHAR) NOT NULL,
    job_type       VARCHAR2(50 CHAR) NOT NULL,
    position       NUMBER(9) NOT NULL,
    CONSTRAINT generic_generator_operations_pk PRIMARY KEY (operation_type)
)
/
COMMENT ON TABLE generic_generator_operations IS 'maintenance-portal: operations that can be generated, in the order in which they are done'
/
CREATE TABLE generic_generator_parts (
    part_key       VARCHAR2(100 CHAR) NOT NULL,
    operation_type VARCHAR2(50 CHAR) NOT NULL,
    target_type    VARCHAR2(50 CHAR) NOT NULL,
    needs_object   CHAR(1 CHAR) NOT NULL,
    CONSTRAINT generic_generator_parts_pk PRIMARY KEY (part_key),
    CONSTRAINT generic_generator_parts_needs CHECK (needs_object IN ('Y', 'N'))
)
/
COMMENT ON TABLE generic_generator_parts IS 'maintenance-portal: which section of a master does an operation on objects of one type'
/
CREATE TABLE generic_generator_settings (
    setting_name    VARCHAR2(30 CHAR) NOT NULL,
    kind            VARCHAR2(10 CHAR) NOT NULL,
    default_json    VARCHAR2(2000 CHAR) NOT NULL,
    default_literal VARCHAR2(2000 CHAR) NOT NULL,
    default_shown   VARCHAR2(2000 CHAR) NOT NULL,
    least           NUMBER,
    most            NUMBER,
    longest         NUMBER(9),
    title           VARCHAR2(200 CHAR) NOT NULL,
    operations      VARCHAR2(2000 CHAR) NOT NULL,
    position        NUMBER(9) NOT NULL,
    CONSTRAINT generic_generator_settings_pk PRIMARY KEY (setting_name)
)
/
COMMENT ON TABLE generic_generator_settings IS 'maintenance-portal: parameters of generated strategies, and the operations that take them'
/
CREATE TABLE generic_generator_masters (
    path     VARCHAR2(200 CHAR) NOT NULL,
    position NUMBER(9) NOT NULL,
    text     CLOB NOT NULL,
    CONSTRAINT generic_generator_masters_pk PRIMARY KEY (path)
)
/
COMMENT ON TABLE generic_generator_masters IS 'maintenance-portal: the files of a strategy with the sections of all operations'
/
CREATE TABLE generic_generator_words (
    word   VARCHAR2(128 CHAR) NOT NULL,
    reason VARCHAR2(200 CHAR) NOT NULL,
    CONSTRAINT generic_generator_words_pk PRIMARY KEY (word)
)
/
COMMENT ON TABLE generic_generator_words IS 'maintenance-portal: what no strategy may be called, and why'
/
