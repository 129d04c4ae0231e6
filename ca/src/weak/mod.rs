//! Known-weak RSA keys, refused at the door: sizes and exponents out of bounds, small factors, and the ROCA family
//! (CVE-2017-15361: keys made by Infineon chips, among them TPMs in terminals that are still in use); primes that are close
//! or shared, and moduli that do not look drawn ([`factors`], [`shape`]).
//!
//! What badkeys (PyPI) finds in `ca/testdata/weak-moduli.txt` is refused. Its list of keys that have become known (Debian's of
//! 2008 among them) has to be fetched from its makers and is not here; an exponent of 64 bits at most leaves no room for
//! small private exponents.

mod factors;
mod shape;

use num_bigint::BigUint;

use crate::error::Refused;

/// RSA sizes accepted, in bits. The upper bound keeps handshakes cheap.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// ROCA's moduli are, modulo each of these primes, a power of 65537: p = k*M + (65537^a mod M). A good key passes as
/// one with a probability below 2^-27 (product of subgroup sizes over these primes; Nemec et al.,
/// "The Return of Coppersmith's Attack", 2017, section 3).
const ROCA_PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Checks an RSA public key given as big-endian DER integers.
pub(crate) fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), Refused> {
    let modulus = positive(modulus).ok_or(Refused::PublicKey("the RSA modulus is not positive"))?;
    let exponent = positive(exponent).ok_or(Refused::PublicKey("the RSA exponent is not positive"))?;
    let bits = bit_length(modulus);
    if !RSA_BITS.contains(&bits) {
        return Err(Refused::PublicKey("an RSA key has 2048 to 4096 bits"));
    }
    // 65537 and up (FIPS 186-5 5.4: 2^16 < e < 2^256, odd); ours end at 64 bits.
    let value = exponent.iter().try_fold(0_u64, |sum, octet| Some(sum.checked_mul(256)? | u64::from(*octet)));
    if !value.is_some_and(|value| value > 65536 && value % 2 == 1) {
        return Err(Refused::PublicKey("an RSA exponent is odd, at least 65537 and at most 64 bits"));
    }
    if remainder(modulus, 2) == 0 || ROCA_PRIMES.iter().any(|prime| remainder(modulus, *prime) == 0) {
        return Err(Refused::PublicKey("the RSA modulus has a small factor"));
    }
    let number = BigUint::from_bytes_be(modulus);
    if factors::has_small(&number) {
        return Err(Refused::PublicKey("the RSA modulus has a small factor"));
    }
    if factors::are_close(&number) {
        return Err(Refused::PublicKey("the primes of the RSA key are too close to each other"));
    }
    if factors::is_shared(&number, bits) {
        return Err(Refused::PublicKey("the RSA key shares a prime with others in the world"));
    }
    if !shape::looks_drawn(modulus) {
        return Err(Refused::PublicKey("the RSA modulus does not look drawn at random"));
    }
    if ROCA_PRIMES.iter().all(|prime| is_power_of_65537(remainder(modulus, *prime), *prime)) {
        return Err(Refused::PublicKey("the RSA key was made by a faulty chip (CVE-2017-15361)"));
    }
    Ok(())
}

/// The octets without leading zeros; nothing when zero or negative.
fn positive(integer: &[u8]) -> Option<&[u8]> {
    if integer.first().is_none_or(|top| *top >= 0x80) {
        return None;
    }
    let start = integer.iter().position(|octet| *octet != 0)?;
    integer.get(start..)
}

fn bit_length(octets: &[u8]) -> usize {
    let top = octets.first().map_or(0, |top| 8 - top.leading_zeros() as usize);
    octets.len().saturating_sub(1) * 8 + top
}

fn remainder(octets: &[u8], divisor: u16) -> u16 {
    let divisor = u32::from(divisor);
    let rest = octets.iter().fold(0_u32, |rest, octet| (rest * 256 + u32::from(*octet)) % divisor);
    u16::try_from(rest).unwrap_or(u16::MAX)
}

fn is_power_of_65537(rest: u16, prime: u16) -> bool {
    let (prime, step) = (u32::from(prime), 65537 % u32::from(prime));
    let mut power = 1_u32;
    for _ in 0..prime {
        if power == u32::from(rest) {
            return true;
        }
        power = power * step % prime;
    }
    false
}

#[cfg(test)]
pub(crate) fn shares_for_tests(number: &BigUint, known: &BigUint) -> bool {
    factors::shares(number, known)
}
