//! A schema goes up step by step, whole steps only, and never touches what is not ours.

use rusqlite::Connection;

use super::{APPLICATION_ID, Identity, MIGRATIONS, NEWEST, identify, migrate};

#[test]
fn an_empty_file_gets_the_newest_schema() {
    let mut connection = Connection::open_in_memory().unwrap();
    assert_eq!(identify(&connection).unwrap(), Identity::New);
    migrate(&mut connection, 0, &MIGRATIONS).unwrap();
    assert_eq!(identify(&connection).unwrap(), Identity::Ours(NEWEST));
}

#[test]
fn only_the_steps_that_are_missing_are_taken() {
    let mut connection = Connection::open_in_memory().unwrap();
    let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "DROP TABLE a"];
    migrate(&mut connection, 0, &steps[..1]).unwrap();
    assert_eq!(tables(&connection), ["a"]);
    migrate(&mut connection, 1, &steps).unwrap();
    assert_eq!(tables(&connection), ["b"]);
    migrate(&mut connection, 3, &steps).unwrap();
    assert_eq!(identify(&connection).unwrap(), Identity::Ours(3));
}

#[test]
fn a_step_that_fails_leaves_the_schema_before_it() {
    let mut connection = Connection::open_in_memory().unwrap();
    let steps = [
        "CREATE TABLE a (x)",
        "CREATE TABLE b (x); CREATE TABLE a (x)",
    ];
    migrate(&mut connection, 0, &steps).unwrap_err();
    assert_eq!(identify(&connection).unwrap(), Identity::Ours(1));
    assert_eq!(tables(&connection), ["a"]);
}

#[test]
fn another_programs_database_is_foreign() {
    check("CREATE TABLE notes (text)", Identity::Foreign);
    check("PRAGMA user_version = 1", Identity::Foreign);
    check("PRAGMA application_id = 7", Identity::Foreign);
    check(
        "PRAGMA application_id = 7; PRAGMA user_version = 1",
        Identity::Foreign,
    );
    let ours = format!("PRAGMA application_id = {APPLICATION_ID}");
    check(&ours, Identity::Foreign);
    check(
        &format!("{ours}; PRAGMA user_version = -1"),
        Identity::Foreign,
    );
    check(
        &format!("{ours}; PRAGMA user_version = 9"),
        Identity::Ours(9),
    );
}

#[track_caller]
fn check(sql: &str, expected: Identity) {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    assert_eq!(identify(&connection).unwrap(), expected, "{sql}");
}

fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}
