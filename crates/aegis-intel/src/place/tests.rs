//! Tests that databases are understood, complete each other, and that damaged ones are none.

use super::{writer::Writer, *};

fn ip(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}

fn countries() -> Vec<u8> {
    let mut writer = Writer::default();
    let germany = writer.country("EU", "DE");
    let france = writer.country("EU", "FR");
    for (prefix, country) in [
        ("192.0.2.0/25", germany),
        ("192.0.2.128/25", france),
        ("198.51.100.0/24", germany),
        ("2001:db8::/33", germany),
        ("2001:db8:8000::/33", france),
    ] {
        writer.insert(ip(prefix), country);
    }
    writer.finish()
}

fn systems() -> Vec<u8> {
    let mut writer = Writer::default();
    let system = writer.asn(64_500, &"An example ".repeat(20));
    writer.insert(ip("192.0.2.0/24"), system);
    writer.finish()
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).expect("can be written");
        path
    }
}

#[test]
fn databases_complete_each_other() {
    let files = Files::new();
    let paths = [files.write("a", &countries()), files.write("b", &systems())];
    let places = Places::open(&paths).expect("whole databases");
    let location = places.location("192.0.2.200".parse().unwrap());
    let code = |it: Option<CountryCode>| it.map(|it| it.to_string());
    assert_eq!(code(location.country).as_deref(), Some("FR"));
    assert_eq!(code(location.continent).as_deref(), Some("EU"));
    assert_eq!(location.asn, Some(64_500));
    assert_eq!(location.asn_name.map(|it| it.len()), Some(NAME_CHARS_MAX));
    let v6 = places.location("2001:db8:8000::1".parse().unwrap());
    assert_eq!(code(v6.country).as_deref(), Some("FR"));
    assert!(places.location("203.0.113.7".parse().unwrap()).is_unknown());
}

#[test]
fn a_region_is_all_of_its_prefixes_and_nothing_else() {
    let files = Files::new();
    let paths = [files.write("a", &countries()), files.write("b", &systems())];
    let places = Places::open(&paths).expect("whole databases");
    for (region, expected) in [
        (
            "DE",
            &["192.0.2.0/25", "198.51.100.0/24", "2001:db8::/33"][..],
        ),
        ("FR", &["192.0.2.128/25", "2001:db8:8000::/33"]),
        ("AS64500", &["192.0.2.0/24"]),
        ("CH", &[]),
    ] {
        let found = places.prefixes(region.parse().unwrap()).expect("whole");
        let mut found: Vec<_> = found.iter().map(Indicator::to_string).collect();
        found.sort();
        assert_eq!(found, expected, "{region}");
    }
}

#[test]
fn what_is_no_whole_database_is_told() {
    let files = Files::new();
    let whole = countries();
    let cut = &whole[..whole.len() - 9];
    let mut bent = whole.clone();
    bent[0..8].fill(0xfe); // the first node leads nowhere
    for (name, bytes) in [
        ("cut", cut),
        ("bent", &bent),
        ("empty", b""),
        ("text", b"x\n"),
    ] {
        let path = files.write(name, bytes);
        let error = Places::open(&[path]).expect_err(name);
        assert!(
            matches!(error, PlaceError::Malformed { .. }),
            "{name}: {error}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
    let missing = files.0.path().join("missing");
    let error = Places::open(&[missing]).expect_err("there is none");
    assert!(matches!(error, PlaceError::Read { .. }), "{error}");
}

#[test]
fn a_file_that_changed_looks_different() {
    let files = Files::new();
    let path = files.write("a", &countries());
    let before = Places::open(std::slice::from_ref(&path)).expect("whole");
    assert_eq!(before.stamps(), [Stamp::of(&path)]);
    fs::remove_file(&path).expect("is there");
    files.write("a", &systems());
    assert_ne!(before.stamps(), [Stamp::of(&path)]);
    let after = Places::open(&[path]).expect("whole");
    assert_ne!(before.generation(), after.generation());
}

/// Both bits of each of 96 nodes lead to the next: 2⁹⁶ ways to the nodes of IPv4, none of which the
/// library would ever tell.
#[test]
fn a_tree_of_shared_nodes_is_refused_at_once() {
    let files = Files::new();
    for shared in [96, 120] {
        let mut writer = Writer::default();
        writer.share_nodes(shared);
        let path = files.write("shared", &writer.finish());
        let error = Places::open(&[path]).expect_err("nobody could wait for it");
        let nodes = shared as u32 + 1;
        assert!(
            matches!(error, PlaceError::Tangled { nodes: it, .. } if it == nodes),
            "{error}"
        );
        assert!(error.to_string().contains("more than 4 steps"), "{error}");
    }
}

#[test]
fn pointers_of_every_width_are_followed() {
    for (record_bits, bytes, expected) in [
        (24, &[0, 0, 1, 0, 0, 2][..], [1, 2]),
        (28, &[0, 0, 1, 0xa5, 0, 0, 2], [0x0a00_0001, 0x0500_0002]),
        (32, &[9, 0, 0, 1, 7, 0, 0, 2], [0x0900_0001, 0x0700_0002]),
    ] {
        let tree = Tree {
            bytes,
            node_count: 1,
            record_bits,
            is_ipv6: false,
        };
        assert_eq!([0, 1].map(|bit| tree.next(0, bit)), expected);
        assert!(tree.is_walked_soon());
    }
}
