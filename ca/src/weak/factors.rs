//! Factors that can be found: small ones, such as are close to each other, and such as other keys have too.

use std::sync::LazyLock;

use num_bigint::BigUint;

/// Primes up to this are tried.
const SMALL_MAX: u32 = 65_537;
/// Rounds of Fermat's method. A good key never falls to it; badkeys takes as many.
const FERMAT_ROUNDS: u32 = 100;

/// A prime of at most 65537 divides it.
pub(super) fn has_small(number: &BigUint) -> bool {
    static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(primes);
    let nothing = BigUint::ZERO;
    PRIMES.iter().any(|prime| number % *prime == nothing)
}

/// Eratosthenes' sieve.
fn primes() -> Vec<u32> {
    let mut composite = vec![false; SMALL_MAX as usize + 1];
    let mut primes = Vec::new();
    for candidate in 2..=SMALL_MAX {
        if composite.get(candidate as usize).copied().unwrap_or(true) {
            continue;
        }
        primes.push(candidate);
        let multiples = composite.iter_mut().skip(candidate as usize).step_by(candidate as usize);
        multiples.for_each(|multiple| *multiple = true);
    }
    primes
}

/// Fermat's method finds both primes within some rounds: it is a square, or the difference of two of which one is near.
pub(super) fn are_close(number: &BigUint) -> bool {
    let mut root = number.sqrt();
    if &root * &root == *number {
        return true;
    }
    for _ in 0..FERMAT_ROUNDS {
        root += 1_u32;
        if is_square(&(&root * &root - number)) {
            return true;
        }
    }
    false
}

/// Most numbers are told from squares by their remainders; only the rest is worth a root.
fn is_square(number: &BigUint) -> bool {
    let remainder = |modulus: u32| u32::try_from(number % modulus).unwrap_or(0);
    let may_be = [64_u32, 63, 65, 11].into_iter().all(|modulus| {
        let rest = remainder(modulus);
        (0..modulus).any(|root| root * root % modulus == rest)
    });
    may_be && {
        let root = number.sqrt();
        &root * &root == *number
    }
}

/// One of its primes is known from other keys of this size.
pub(super) fn is_shared(number: &BigUint, bits: usize) -> bool {
    static OF_2048: LazyLock<BigUint> =
        LazyLock::new(|| BigUint::from_bytes_le(include_bytes!("../../data/shared-primes-2048.bin")));
    static OF_4096: LazyLock<BigUint> =
        LazyLock::new(|| BigUint::from_bytes_le(include_bytes!("../../data/shared-primes-4096.bin")));
    match bits {
        2048 => shares(number, &OF_2048),
        4096 => shares(number, &OF_4096),
        _ => false,
    }
}

/// Both have a factor in common (Euclid).
pub(super) fn shares(number: &BigUint, known: &BigUint) -> bool {
    let (mut a, mut b) = (number.clone(), known % number);
    while b != BigUint::ZERO {
        (a, b) = (b.clone(), a % b);
    }
    a != BigUint::from(1_u32)
}
