//! Cities stand on land, and the middles of seas do not.

use super::is_land;

#[test]
fn inland_cities_are_on_land() {
    for (name, lon, lat) in [
        ("Berlin", 13.4, 52.5),
        ("Madrid", -3.7, 40.4),
        ("Moscow", 37.6, 55.8),
        ("Beijing", 116.4, 39.9),
        ("Delhi", 77.2, 28.6),
        ("Nairobi", 36.8, -1.3),
        ("Johannesburg", 28.0, -26.2),
        ("Denver", -105.0, 39.7),
        ("Mexico City", -99.1, 19.4),
        ("Brasília", -47.9, -15.8),
        ("Alice Springs", 133.9, -23.7),
        ("Novosibirsk", 82.9, 55.0),
        ("Riyadh", 46.7, 24.7),
        ("Ankara", 32.9, 39.9),
        ("Warsaw", 21.0, 52.2),
    ] {
        assert!(is_land(lon, lat), "{name}");
    }
}

#[test]
fn the_middle_of_a_sea_is_not() {
    for (name, lon, lat) in [
        ("the Atlantic", -35.0, 30.0),
        ("the Pacific", -150.0, 0.0),
        ("the Indian Ocean", 75.0, -20.0),
        ("the Mediterranean", 18.0, 35.0),
        ("the Black Sea", 34.0, 43.5),
        ("the Caspian Sea", 51.0, 41.5),
        ("Hudson Bay", -86.0, 60.0),
        ("the North Sea", 3.0, 56.0),
        ("the Gulf of Mexico", -90.0, 25.0),
        ("the Bay of Bengal", 88.0, 15.0),
    ] {
        assert!(!is_land(lon, lat), "{name}");
    }
}
