-- Question: none; makes the ledger. Times are milliseconds since 1970 in UTC. A mail is known by the log's table, its key
-- and the time of its first attempt; `stage` says how far the last attempt came:
--   claimed   taken by a run, nothing handed over yet
--   data      about to be handed over, or handed over and no answer yet
--   sent      accepted by the server
--   deferred  refused for a moment, or its turn did not come; may be claimed again, from next_at on where that is set
--   refused   refused for good
--   doubt     handed over and never answered; a person decides
--   dropped   a person decided that it shall not go
-- `log_due` is the status the log still has to get.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_run (
  id         TEXT NOT NULL PRIMARY KEY,
  identity   TEXT NOT NULL,
  started_by TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at   BIGINT,
  reason     TEXT
);
CREATE TABLE mailthrottle_mail (
  log_table  TEXT NOT NULL,
  row_id     TEXT NOT NULL,
  sent_date  TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  stage      TEXT NOT NULL,
  status     TEXT NOT NULL,
  attempts   BIGINT NOT NULL,
  recipients BIGINT NOT NULL,
  message_id TEXT,
  next_at    BIGINT,
  reply      TEXT,
  class      TEXT,
  changed_at BIGINT NOT NULL,
  log_due    TEXT,
  settled_by TEXT,
  settled_at BIGINT,
  PRIMARY KEY (log_table, row_id, sent_date)
);
CREATE INDEX mailthrottle_mail_stage ON mailthrottle_mail (stage, changed_at);
CREATE INDEX mailthrottle_mail_log_due ON mailthrottle_mail (log_due);
CREATE TABLE mailthrottle_attempt (
  log_table  TEXT NOT NULL,
  row_id     TEXT NOT NULL,
  sent_date  TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  ended_at   BIGINT NOT NULL,
  outcome    TEXT NOT NULL,
  reply      TEXT,
  class      TEXT,
  message_id TEXT
);
CREATE INDEX mailthrottle_attempt_row ON mailthrottle_attempt (log_table, row_id, sent_date);
CREATE TABLE mailthrottle_migration (
  number     BIGINT NOT NULL PRIMARY KEY,
  applied_at BIGINT NOT NULL
);
