-- Question: none; sets what a session that writes must not leave to the server: a statement may take $1 milliseconds, and a
-- commit is on the disk when it returns.
-- Columns: none of interest.
-- Index: none. Right: none.
SELECT
  set_config('statement_timeout', $1, false),
  set_config('synchronous_commit', 'on', false),
  set_config('idle_in_transaction_session_timeout', '0', false),
  set_config('TimeZone', 'UTC', false),
  set_config('standard_conforming_strings', 'on', false);
