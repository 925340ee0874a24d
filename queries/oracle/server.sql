-- Question: how is the server reached, who asks, and what does the clock of the database's host say?
-- Columns: version (NULL: the driver knows it), is_remote, tls, session_user, clock (in UTC), zone.
-- Index: none. Right: none.
SELECT NULL AS version, 'true' AS is_remote,
  CASE WHEN LOWER(SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL')) = 'tcps'
    THEN SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL') END AS tls,
  SYS_CONTEXT('USERENV', 'SESSION_USER') AS session_user,
  SYS_EXTRACT_UTC(SYSTIMESTAMP) AS clock,
  TO_CHAR(SYSTIMESTAMP, 'TZH:TZM') AS zone
FROM dual;
