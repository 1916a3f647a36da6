//! Countries are found by their codes, and lie on the earth.

use super::{COUNTRIES, find};

#[test]
fn every_country_is_found_by_its_code() {
    for country in COUNTRIES {
        let code = country.code.as_bytes().try_into().expect("two letters");
        let found = find(code).expect("it is there");
        assert_eq!(found.name, country.name);
        assert!((-90..=90).contains(&country.lat) && (-180..=180).contains(&country.lon));
    }
    assert!(find(b"DE").is_some_and(|it| it.name == "Germany"));
    assert!(find(b"XX").is_none());
}
