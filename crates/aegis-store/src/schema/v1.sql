-- Times are UTC milliseconds; nodes are Ed25519 public keys; indicators are canonical texts.

CREATE TABLE alert (
    id          BLOB    NOT NULL PRIMARY KEY, -- first 16 bytes of BLAKE3 over wire
    author      BLOB    NOT NULL,
    indicator   TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    wire        BLOB    NOT NULL              -- as signed
) STRICT;
CREATE INDEX alert_by_end ON alert (expires_at);

CREATE TABLE decision (
    indicator   TEXT    NOT NULL,
    origin      TEXT    NOT NULL,
    author      BLOB    NOT NULL,
    alert       BLOB,
    threat_type TEXT    NOT NULL,
    severity    INTEGER NOT NULL,
    evidence    TEXT    NOT NULL,
    decided_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (indicator, origin, author)
) STRICT, WITHOUT ROWID;
CREATE INDEX decision_by_end ON decision (expires_at);

CREATE TABLE allowed (
    indicator   TEXT    NOT NULL PRIMARY KEY,
    added_at    INTEGER NOT NULL,
    expires_at  INTEGER,                      -- null: never
    comment     TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE unblocked (
    indicator    TEXT    NOT NULL PRIMARY KEY,
    unblocked_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE peer (
    peer          BLOB    NOT NULL PRIMARY KEY,
    class         TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,            -- 1, 2, 3 … without a gap
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    indicator TEXT,
    detail    TEXT    NOT NULL,
    hash      BLOB    NOT NULL                -- over the hash before and this row
) STRICT;

-- The end of the chain, so that rows cut off its end are missed.
CREATE TABLE audit_head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;
