-- What was seen and done, for people who ask later.
CREATE TABLE history (
    seq         INTEGER PRIMARY KEY,          -- in the order of writing
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    actor       TEXT    NOT NULL,             -- as in audit
    indicator   TEXT,
    net         BLOB,                         -- the indicator: 4 or 6, its bytes, its prefix length
    threat_type TEXT,
    severity    INTEGER,
    until       INTEGER,
    detail      TEXT    NOT NULL,
    is_peers    INTEGER NOT NULL,             -- 1 where a peer's word caused it
    bytes       INTEGER NOT NULL              -- what the row takes with its indexes, about
) STRICT;
CREATE INDEX history_by_time ON history (at);
CREATE INDEX history_by_net ON history (net, at) WHERE net IS NOT NULL;
CREATE INDEX history_of_peers ON history (at) WHERE is_peers;

-- How much history there is, so that nobody has to count it.
CREATE TABLE history_size (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    rows       INTEGER NOT NULL,
    peers_rows INTEGER NOT NULL,
    bytes      INTEGER NOT NULL
) STRICT;
INSERT INTO history_size VALUES (1, 0, 0, 0);
