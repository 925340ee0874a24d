-- Question: none; makes the table that imported attempts go into, each with the file it came from.
-- Columns: none. Times are milliseconds since 1970.
-- Index: a unique one on import_hash, which keeps an event from being taken in twice. Right: CREATE TABLE.
CREATE TABLE email_log (
  id INTEGER PRIMARY KEY,
  status TEXT NOT NULL,
  sent_date INTEGER,
  sender TEXT,
  recipient TEXT,
  subject TEXT,
  body TEXT,
  error_message TEXT,
  message_id TEXT,
  queued_at INTEGER,
  queue_id TEXT,
  relay TEXT,
  dsn TEXT,
  delay REAL,
  delays TEXT,
  stage TEXT,
  note TEXT,
  source INTEGER NOT NULL REFERENCES mailthrottle_import (id),
  line INTEGER NOT NULL,
  import_hash INTEGER NOT NULL UNIQUE
);
