-- What sources on this host report of indicators, so that each can take back its own word.
CREATE TABLE report (
    indicator   TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    threat_type TEXT    NOT NULL,
    severity    INTEGER NOT NULL,
    evidence    TEXT    NOT NULL,
    events      INTEGER NOT NULL,
    reason      TEXT,
    reported_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    alerts      BLOB    NOT NULL,             -- ids of 16 bytes, one after the other
    PRIMARY KEY (indicator, source)
) STRICT, WITHOUT ROWID;
