-- Question: none; sets what the answers must not depend on, for this transaction only. A statement may take $1
-- milliseconds. Compiling statements to machine code takes longer than they do. A scan has to begin where the table does,
-- and not where another scan is: most logs are written in the order of time.
-- Columns: none of interest.
-- Index: none. Right: none.
SELECT
  set_config('application_name', 'mailthrottle', true),
  set_config('statement_timeout', $1, true),
  set_config('TimeZone', 'UTC', true),
  set_config('synchronize_seqscans', 'off', true),
  set_config('standard_conforming_strings', 'on', true),
  (SELECT set_config('jit', 'off', true) WHERE current_setting('jit', true) IS NOT NULL);
