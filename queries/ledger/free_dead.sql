-- Question: none; what a dead run had claimed is free again, and what it was handing over is in doubt since then.
-- Binds: run_id, now.
-- Columns: none.
-- Index: none. Right: UPDATE.
UPDATE mailthrottle_mail
SET stage = CASE stage WHEN 'data' THEN 'doubt' ELSE 'deferred' END,
  changed_at = CASE stage WHEN 'data' THEN changed_at ELSE $2 END,
  log_due = CASE stage WHEN 'claimed' THEN status END
WHERE run_id = $1 AND stage IN ('claimed', 'data');
