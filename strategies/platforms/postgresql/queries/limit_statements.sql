-- purpose: Bound how long each further statement of the asking session may take, and tell the bound before.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT current_setting('statement_timeout') AS before,
       set_config('statement_timeout', %(limit)s::text, false) AS now
