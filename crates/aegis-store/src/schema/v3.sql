-- What the trust model keeps of a peer, in the bytes of the model that wrote it.
CREATE TABLE peer_trust (
    peer    BLOB    NOT NULL PRIMARY KEY,
    model   TEXT    NOT NULL,
    memory  BLOB    NOT NULL,
    trend   BLOB    NOT NULL,                 -- pairs of UTC milliseconds (u64) and trust (f64), little-endian
    right   INTEGER NOT NULL,                 -- verified cases in which it was right
    kept_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each model keeps of all peers together.
CREATE TABLE shared_trust (
    model  TEXT NOT NULL PRIMARY KEY,
    memory BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the operator trusts a peer in advance.
CREATE TABLE pretrust (
    peer     BLOB    NOT NULL PRIMARY KEY,
    pretrust REAL    NOT NULL,
    is_fixed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
