-- Question: which server is it, how is it reached, and what does its clock say? Its own log is written in its zone.
-- Columns: version, is_remote, tls, role, clock (milliseconds since 1970), zone.
-- Index: none. Right: none.
SELECT
  'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) AS version,
  inet_server_addr() IS NOT NULL AS is_remote,
  (SELECT s.version FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls,
  current_user::text AS role,
  (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS clock,
  current_setting('log_timezone') AS zone;
