-- Question: by what does the server encrypt this session, where the listener does not by TLS?
-- Columns: banner, as "AES256 Encryption service adapter for Linux: Version 19.0.0.0.0 - Production"; no row: by nothing.
-- Index: none. Right: none, unless what PUBLIC has on V_$SESSION_CONNECT_INFO was taken away.
SELECT network_service_banner AS banner
FROM v$session_connect_info
WHERE sid = SYS_CONTEXT('USERENV', 'SID') AND network_service_banner LIKE '%Encryption service adapter%';
