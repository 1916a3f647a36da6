//! Each table keeps its bound, and what goes first is what is missed least.

use rusqlite::Connection;

use super::{BOUNDS, Bound, PEER_ROWS_MAX, UNBLOCKED_ROWS_MAX, evict};

#[test]
fn decisions_of_peers_go_before_those_of_this_host() {
    let connection = store();
    connection
        .execute_batch(
            "INSERT INTO decision VALUES
                ('192.0.2.1', 'operator', x'00', NULL, 'spam', 5, 'verified', 0, 1),
                ('192.0.2.2', 'detector', x'00', NULL, 'spam', 5, 'verified', 0, 2),
                ('192.0.2.3', 'peers',    x'00', NULL, 'spam', 5, 'verified', 0, 9),
                ('192.0.2.4', 'peers',    x'00', NULL, 'spam', 5, 'verified', 0, 8)",
        )
        .unwrap();
    let left = |rows_max| {
        bound("decision", rows_max).evict(&connection).unwrap();
        texts(&connection, "SELECT indicator FROM decision ORDER BY 1")
    };
    assert_eq!(left(4).len(), 4);
    assert_eq!(left(3), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    assert_eq!(left(1), ["192.0.2.1"]);
}

#[test]
fn alerts_that_end_first_go_first() {
    let connection = store();
    connection
        .execute_batch(
            "INSERT INTO alert VALUES
                (x'01', x'00', '192.0.2.1', 0, 30, x'00'),
                (x'02', x'00', '192.0.2.2', 0, 10, x'00'),
                (x'03', x'00', '192.0.2.3', 0, 20, x'00')",
        )
        .unwrap();
    bound("alert", 2).evict(&connection).unwrap();
    let left = texts(&connection, "SELECT indicator FROM alert ORDER BY 1");
    assert_eq!(left, ["192.0.2.1", "192.0.2.3"]);
}

#[test]
fn strangers_go_before_configured_peers_however_fresh() {
    let connection = store();
    connection
        .execute_batch(
            "INSERT INTO peer VALUES
                (x'01', 'configured', 'a', 0, 1),
                (x'02', 'dht',        'b', 0, 8),
                (x'03', 'lan',        'c', 0, 5),
                (x'04', 'dht',        'd', 0, 9)",
        )
        .unwrap();
    bound("peer", 3).evict(&connection).unwrap();
    let left = texts(&connection, "SELECT address FROM peer ORDER BY 1");
    assert_eq!(left, ["a", "c", "d"]);
}

#[test]
fn the_bounds_in_force_hold() {
    let connection = store();
    let peers = "INSERT INTO peer SELECT cast(number AS BLOB), 'dht', '', 0, number";
    fill(&connection, peers, PEER_ROWS_MAX + 7);
    let unblocks = "INSERT INTO unblocked SELECT cast(number AS TEXT), 0, number";
    fill(&connection, unblocks, UNBLOCKED_ROWS_MAX + 7);
    evict(&connection).unwrap();
    assert_eq!(rows(&connection, "peer"), PEER_ROWS_MAX);
    assert_eq!(rows(&connection, "unblocked"), UNBLOCKED_ROWS_MAX);
}

fn store() -> Connection {
    crate::open::in_memory().unwrap()
}

/// Returns the bound of `table` as it is in force, but for the number of rows.
fn bound(table: &str, rows_max: i64) -> Bound {
    let found = BOUNDS.into_iter().find(|it| it.table == table).unwrap();
    Bound { rows_max, ..found }
}

/// Runs an `INSERT … SELECT` over the numbers from 1 to `rows`.
fn fill(connection: &Connection, insert: &str, rows: i64) {
    let sql = format!(
        "WITH RECURSIVE count (number) AS
            (SELECT 1 UNION ALL SELECT number + 1 FROM count WHERE number < {rows})
         {insert} FROM count"
    );
    connection.execute(&sql, []).unwrap();
}

fn rows(connection: &Connection, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let texts = statement.query_map([], |row| row.get(0)).unwrap();
    texts.map(Result::unwrap).collect()
}
