-- Question: none; makes the ledger. Times are milliseconds since 1970 in UTC. A mail is known by the log's table, its key
-- and the time of its first attempt; `stage` says how far the last attempt came:
--   claimed   taken by a run, nothing handed over yet
--   data      about to be handed over, or handed over and no answer yet
--   sent      accepted by the server
--   deferred  refused for a moment, or its turn did not come; may be claimed again, from next_at on where that is set
--   refused   refused for good
--   doubt     handed over and never answered; a person decides
--   dropped   a person decided that it shall not go
-- `log_due` is the status the log still has to get. An empty text is NULL, so a status that is one is too.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_run (
  id         VARCHAR2(100 BYTE) NOT NULL PRIMARY KEY,
  identity   VARCHAR2(4000 BYTE) NOT NULL,
  started_by VARCHAR2(4000 BYTE) NOT NULL,
  started_at NUMBER(19) NOT NULL,
  ended_at   NUMBER(19),
  reason     VARCHAR2(4000 BYTE)
);
CREATE TABLE mailthrottle_mail (
  log_table  VARCHAR2(261 BYTE) NOT NULL,
  row_id     VARCHAR2(1000 BYTE) NOT NULL,
  sent_date  VARCHAR2(30 BYTE) NOT NULL,
  run_id     VARCHAR2(100 BYTE) NOT NULL,
  stage      VARCHAR2(20 BYTE) NOT NULL,
  status     VARCHAR2(1000 BYTE),
  attempts   NUMBER(19) NOT NULL,
  recipients NUMBER(19) NOT NULL,
  message_id VARCHAR2(4000 BYTE),
  next_at    NUMBER(19),
  reply      VARCHAR2(4000 BYTE),
  class      VARCHAR2(40 BYTE),
  changed_at NUMBER(19) NOT NULL,
  log_due    VARCHAR2(1000 BYTE),
  settled_by VARCHAR2(4000 BYTE),
  settled_at NUMBER(19),
  PRIMARY KEY (log_table, row_id, sent_date)
);
CREATE INDEX mailthrottle_mail_stage ON mailthrottle_mail (stage, changed_at);
CREATE INDEX mailthrottle_mail_log_due ON mailthrottle_mail (log_due);
CREATE TABLE mailthrottle_attempt (
  log_table  VARCHAR2(261 BYTE) NOT NULL,
  row_id     VARCHAR2(1000 BYTE) NOT NULL,
  sent_date  VARCHAR2(30 BYTE) NOT NULL,
  run_id     VARCHAR2(100 BYTE) NOT NULL,
  ended_at   NUMBER(19) NOT NULL,
  outcome    VARCHAR2(20 BYTE) NOT NULL,
  reply      VARCHAR2(4000 BYTE),
  class      VARCHAR2(40 BYTE),
  message_id VARCHAR2(4000 BYTE)
);
CREATE INDEX mailthrottle_attempt_row ON mailthrottle_attempt (log_table, row_id, sent_date);
CREATE TABLE mailthrottle_migration (
  "number"   NUMBER(19) NOT NULL PRIMARY KEY,
  applied_at NUMBER(19) NOT NULL
);
