//! Texts that are secrets, and what shows of one.

use super::*;

#[test]
fn sixty_four_digits_are_a_secret_and_nothing_else_is() {
    let digits = "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789";
    let secret: NetworkSecret = digits.parse().unwrap();
    assert_eq!(secret.as_bytes()[..4], [0x01, 0x23, 0x45, 0x67]);
    for text in [
        "",
        "correct horse battery staple",
        &digits[1..],
        &format!("{digits}0"),
        &digits.replace('4', "+"),
        &digits.replace('4', "ä"),
        &format!(" {}", &digits[1..]),
    ] {
        assert_eq!(text.parse::<NetworkSecret>(), Err(InvalidNetworkSecret));
    }
}

#[test]
fn nothing_of_a_secret_shows() {
    let secret = NetworkSecret::from_bytes([0xab; 32]);
    assert_eq!(format!("{secret:?}"), "NetworkSecret(…)");
    assert!(!secret.network_name().contains("abab"));
    assert_ne!(secret.handshake_key()[..8], [0xab; 8]);
    let other = NetworkSecret::from_bytes([0xac; 32]);
    assert_ne!(secret.network_name(), other.network_name());
    assert_eq!(secret.network_name().len(), 16);
}
