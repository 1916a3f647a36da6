//! Checking signatures of alerts, one at a time or many together.
//!
//! One rule for both, or nodes would disagree about what is signed: a signature (R, s) of the key A
//! over M holds where 8 (s B − h A − R) = 0, with h = SHA-512(R, A, M), as RFC 8032, 5.1.7 has it.
//! The factor 8 is what makes it one rule. Without it a signer could add a point of small order to
//! R: each signature alone would be wrong, while a sum of several is right as often as chance has
//! it, and nodes that checked it in other company would blame each other for passing it on.
//!
//! Beyond that: neither A nor R is of small order, both are spelled canonically, and s is below the
//! order of B. Whatever the strict rule without the factor accepts, this one does.
//!
//! Many are checked as one sum, each weighted with a number of 128 bits that nobody can choose: it
//! is made of all signatures and messages. What one author signed shares the work for its key.

use std::collections::BTreeMap;

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::ED25519_BASEPOINT_POINT as BASE,
    edwards::CompressedEdwardsY,
    traits::{IsIdentity as _, VartimeMultiscalarMul as _},
};
use ed25519_dalek::Signature;
use sha2::{Digest as _, Sha512};

/// Who is said to have signed what, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    pub(super) key: &'a [u8; 32],
    pub(super) message: &'a [u8],
    pub(super) signature: &'a Signature,
}

/// The numbers of a claim.
struct Terms {
    r: EdwardsPoint,
    s: Scalar,
    h: Scalar,
}

/// Returns whether one signature holds.
pub(super) fn holds(claim: Claim<'_>) -> bool {
    let (Some(a), Some(terms)) = (point(claim.key), terms(claim)) else {
        return false;
    };
    let Terms { r, s, h } = terms;
    let expected_r = EdwardsPoint::vartime_double_scalar_mul_basepoint(&-h, &a, &s);
    vanishes(expected_r - r)
}

/// Returns whether every signature holds. Where one does not, only [`holds`] knows which.
pub(super) fn hold(claims: &[Claim<'_>]) -> bool {
    let mut keys: BTreeMap<&[u8; 32], (EdwardsPoint, Scalar)> = BTreeMap::new();
    let mut all = Vec::with_capacity(claims.len());
    for claim in claims {
        if !keys.contains_key(claim.key) {
            let Some(a) = point(claim.key) else {
                return false;
            };
            keys.insert(claim.key, (a, Scalar::ZERO));
        }
        let Some(terms) = terms(*claim) else {
            return false;
        };
        all.push((claim.key, terms));
    }
    let seed = seed(&all);
    let mut of_base = Scalar::ZERO;
    let (mut scalars, mut points) = (Vec::new(), Vec::new());
    for (n, (key, terms)) in all.iter().enumerate() {
        let weight = weight(&seed, n);
        of_base -= weight * terms.s;
        if let Some((_, of_key)) = keys.get_mut(key) {
            *of_key += weight * terms.h;
        }
        scalars.push(weight);
        points.push(terms.r);
    }
    for (a, of_key) in keys.into_values() {
        scalars.push(of_key);
        points.push(a);
    }
    scalars.push(of_base);
    points.push(BASE);
    vanishes(EdwardsPoint::vartime_multiscalar_mul(scalars, points))
}

fn terms(claim: Claim<'_>) -> Option<Terms> {
    let (r_bytes, s_bytes) = (claim.signature.r_bytes(), claim.signature.s_bytes());
    let hash = Sha512::new()
        .chain_update(r_bytes)
        .chain_update(claim.key)
        .chain_update(claim.message)
        .finalize();
    Some(Terms {
        r: point(r_bytes)?,
        s: Option::from(Scalar::from_canonical_bytes(*s_bytes))?,
        h: Scalar::from_bytes_mod_order_wide(&hash.into()),
    })
}

/// Reads a point; `None` for another spelling of one, and for those of small order.
fn point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    // y is below 2^255 − 19. Of the 19 spellings beyond that, none is needed.
    let is_beyond =
        bytes[0] >= 0xed && bytes[1..31].iter().all(|it| *it == 0xff) && bytes[31] & 0x7f == 0x7f;
    if is_beyond {
        return None;
    }
    let point = CompressedEdwardsY(*bytes).decompress()?;
    (!point.is_small_order()).then_some(point)
}

fn vanishes(point: EdwardsPoint) -> bool {
    point.mul_by_cofactor().is_identity()
}

/// Returns what the weights are made of: whoever changes a signature or a message has others. The
/// hashes stand for keys, messages and the points R.
fn seed(all: &[(&[u8; 32], Terms)]) -> [u8; 64] {
    let mut hash = Sha512::new_with_prefix(b"aegis weights of signatures\0");
    for (_, terms) in all {
        hash.update(terms.h.as_bytes());
        hash.update(terms.s.as_bytes());
    }
    hash.finalize().into()
}

fn weight(seed: &[u8; 64], n: usize) -> Scalar {
    let hash: [u8; 64] = Sha512::new_with_prefix(seed)
        .chain_update(n.to_le_bytes())
        .finalize()
        .into();
    let mut weight = [0; 16];
    weight.copy_from_slice(&hash[..16]);
    Scalar::from(u128::from_le_bytes(weight))
}

#[cfg(test)]
mod tests;
