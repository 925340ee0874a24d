-- Question: none; a person lets a mail go again that was refused, or takes back that it was dropped. A dropped doubt, which has no
-- next_at, is in doubt again; a dropped mail that was put off is put off as before. No row changed: it is neither any more.
-- Binds: log_table, row_id, sent_date, settled_by, now.
-- Columns: none.
-- Index: the primary key. Right: UPDATE.
UPDATE mailthrottle_mail
SET stage = CASE WHEN stage = 'dropped' AND next_at IS NULL THEN 'doubt' ELSE 'deferred' END,
  attempts = CASE WHEN stage = 'dropped' AND next_at IS NOT NULL THEN attempts ELSE 0 END,
  next_at = CASE WHEN stage = 'dropped' THEN next_at ELSE NULL END, settled_by = $4, settled_at = $5
WHERE log_table = $1 AND row_id = $2 AND sent_date = $3 AND stage IN ('refused', 'dropped') AND run_id <> 'by hand';
