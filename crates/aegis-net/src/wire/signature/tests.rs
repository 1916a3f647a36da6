//! One by one and together the same signatures hold.

use curve25519_dalek::constants::EIGHT_TORSION;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use super::*;

struct Signed {
    key: [u8; 32],
    message: Vec<u8>,
    signature: Signature,
}

impl Signed {
    fn new(author: u8, n: u32) -> Self {
        let key = SigningKey::from_bytes(&[author; 32]);
        let message = format!("message {n}").into_bytes();
        Self {
            key: key.verifying_key().to_bytes(),
            signature: key.sign(&message),
            message,
        }
    }

    fn claim(&self) -> Claim<'_> {
        Claim {
            key: &self.key,
            message: &self.message,
            signature: &self.signature,
        }
    }

    fn is_strict(&self) -> bool {
        let key = VerifyingKey::from_bytes(&self.key);
        key.is_ok_and(|it| it.verify_strict(&self.message, &self.signature).is_ok())
    }
}

fn together(signed: &[Signed]) -> bool {
    hold(&signed.iter().map(Signed::claim).collect::<Vec<_>>())
}

/// Signs as only whoever has the key can, with a point of small order added to R.
fn crooked(author: u8, torsion: usize, n: u32) -> Signed {
    let key = SigningKey::from_bytes(&[author; 32]);
    let secret = key.to_scalar();
    let nonce = Scalar::from(0x1234_5678_u64 + u64::from(n));
    let r = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[torsion]).compress();
    let mut signed = Signed::new(author, n);
    let hash: [u8; 64] = Sha512::new()
        .chain_update(r.as_bytes())
        .chain_update(signed.key)
        .chain_update(&signed.message)
        .finalize()
        .into();
    let s = nonce + Scalar::from_bytes_mod_order_wide(&hash) * secret;
    signed.signature = Signature::from_components(*r.as_bytes(), s.to_bytes());
    signed
}

#[test]
fn what_is_signed_holds_alone_and_together() {
    for size in [1, 2, 64, 300] {
        let signed: Vec<Signed> = (0..size).map(|n| Signed::new((n % 7) as u8, n)).collect();
        assert!(signed.iter().all(|it| holds(it.claim())));
        assert!(together(&signed), "{size}");
    }
    assert!(hold(&[]));
}

#[test]
fn one_forgery_among_many_is_noticed_and_found() {
    for position in [0, 31, 63] {
        let mut signed: Vec<Signed> = (0..64).map(|n| Signed::new((n % 3) as u8, n)).collect();
        signed[position].message.push(b'!');
        assert!(!together(&signed), "{position}");
        let forged: Vec<usize> = (0..64).filter(|n| !holds(signed[*n].claim())).collect();
        assert_eq!(forged, [position]);
    }
}

/// Errors that cancel in a plain sum do not cancel here.
#[test]
fn two_wrongs_make_no_right() {
    let mut signed = vec![Signed::new(1, 1), Signed::new(1, 2)];
    let moved = |signature: &Signature, by: Scalar| {
        let s = Scalar::from_canonical_bytes(*signature.s_bytes()).unwrap() + by;
        Signature::from_components(*signature.r_bytes(), s.to_bytes())
    };
    signed[0].signature = moved(&signed[0].signature, Scalar::ONE);
    signed[1].signature = moved(&signed[1].signature, -Scalar::ONE);
    assert!(!together(&signed));
}

/// Checked without the factor 8, these hold or not by the company that they are in.
#[test]
fn a_point_of_small_order_makes_no_difference() {
    for torsion in 0..8 {
        let crooked: Vec<Signed> = (0..8).map(|n| crooked(5, torsion, n)).collect();
        for it in &crooked {
            assert!(holds(it.claim()), "{torsion}");
            assert_eq!(it.is_strict(), torsion == 0);
        }
        for size in 1..8 {
            assert!(together(&crooked[..size]), "{torsion}, {size}");
        }
    }
}

#[test]
fn what_is_strictly_wrong_is_wrong_in_every_way_that_a_bit_can_be() {
    let good = Signed::new(9, 1);
    for bit in 0..512 {
        let mut bytes = good.signature.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let bad = Signed {
            signature: Signature::from_bytes(&bytes),
            message: good.message.clone(),
            key: good.key,
        };
        assert!(!holds(bad.claim()), "{bit}");
        assert!(!bad.is_strict(), "{bit}");
        assert!(!together(&[bad, Signed::new(9, 2)]), "{bit}");
    }
}

#[test]
fn weak_keys_and_second_spellings_sign_nothing() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut beyond = [0xff; 32]; // y = p + 3, which is 3 spelled otherwise, if it is a point at all
    beyond[0] = 0xf0;
    for key in [neutral, beyond] {
        let signed = Signed {
            key,
            message: b"message".to_vec(),
            signature: Signature::from_components(neutral, [0; 32]),
        };
        assert!(!holds(signed.claim()));
        assert!(!together(&[signed]));
    }
}
