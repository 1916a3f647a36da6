//! Tests that no expired prefix hides a live wider one.

use super::*;

fn prefixes(entries: &[(&str, u64)]) -> Prefixes {
    let mut prefixes = Prefixes::default();
    for (prefix, deadline) in entries {
        prefixes.insert(prefix.parse().unwrap(), *deadline);
    }
    prefixes
}

#[test]
fn a_prefix_lives_as_long_as_the_longest_lived_that_covers_it() {
    let prefixes = prefixes(&[
        ("10.0.0.0/8", 300),
        ("10.1.0.0/16", 100),
        ("10.1.2.0/24", 200),
        ("2001:db8::/32", 900),
    ]);
    let check = |prefix: &str, expected: u64| {
        assert_eq!(
            prefixes.latest_deadline(&prefix.parse().unwrap()),
            expected,
            "{prefix}"
        );
    };
    check("10.0.0.0/8", 300);
    check("10.1.0.0/16", 300);
    check("10.1.2.0/24", 300);
    check("11.0.0.0/8", 0);
    check("2001:db8:1::/48", 900);
}

#[test]
fn finds_everything_within_a_prefix_and_nothing_else() {
    let prefixes = prefixes(&[
        ("9.0.0.0/8", 1),
        ("10.0.0.0/7", 1),
        ("10.0.0.0/8", 1),
        ("10.0.0.0/9", 1),
        ("10.255.255.0/24", 1),
        ("11.0.0.0/16", 1),
        ("2001:db8::/32", 1),
    ]);
    let within = |prefix: &str| prefixes.within(&prefix.parse().unwrap());
    let parse = |it: &[&str]| {
        it.iter()
            .map(|it| it.parse().unwrap())
            .collect::<Vec<Indicator>>()
    };
    assert_eq!(
        within("10.0.0.0/8"),
        parse(&["10.0.0.0/9", "10.255.255.0/24"])
    );
    assert_eq!(within("10.0.0.0/9"), parse(&[]));
    assert_eq!(within("::/0"), parse(&["2001:db8::/32"]));
}

#[test]
fn knows_which_families_it_holds() {
    let both = prefixes(&[("10.0.0.0/8", 1), ("2001:db8::/32", 1)]);
    assert!(both.has_family(true) && both.has_family(false));
    let v6 = prefixes(&[("2001:db8::/32", 1)]);
    assert!(!v6.has_family(true) && v6.has_family(false));
    let none = prefixes(&[]);
    assert!(!none.has_family(true) && !none.has_family(false));
}

#[test]
fn tells_which_are_over() {
    let prefixes = prefixes(&[
        ("10.0.0.0/8", 100),
        ("11.0.0.0/8", 101),
        ("2001:db8::/32", 99),
    ]);
    assert_eq!(prefixes.over(98), []);
    let over: Vec<String> = prefixes.over(100).iter().map(ToString::to_string).collect();
    assert_eq!(over, ["10.0.0.0/8", "2001:db8::/32"]);
}
