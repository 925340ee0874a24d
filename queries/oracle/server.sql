-- Question: who asks, over which protocol, and what does the clock of the database's host say?
-- Columns: session_user, network_protocol, clock (in UTC), zone.
-- Index: none. Right: none.
SELECT SYS_CONTEXT('USERENV', 'SESSION_USER') AS session_user,
  SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL') AS network_protocol,
  SYS_EXTRACT_UTC(SYSTIMESTAMP) AS clock,
  TO_CHAR(SYSTIMESTAMP, 'TZH:TZM') AS zone
FROM dual;
