//! What badkeys finds weak is refused, and what it finds nothing against is not (`ca/testdata/weak.py` made both).

use num_bigint::BigUint;

use crate::weak::check_rsa;

const EXPONENT: &[u8] = &[1, 0, 1];

/// As DER has it: a zero before a set top bit.
fn integer(hex: &str) -> Vec<u8> {
    [vec![0], BigUint::parse_bytes(hex.as_bytes(), 16).unwrap().to_bytes_be()].concat()
}

#[test]
fn what_badkeys_finds_is_refused_and_nothing_else() {
    let lines = include_str!("../../testdata/weak-moduli.txt");
    let mut kinds = std::collections::BTreeSet::new();
    for line in lines.lines() {
        let [kind, found, modulus] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let checked = check_rsa(&integer(modulus), EXPONENT);
        assert_eq!(checked.is_err(), found != "-", "{kind}: {checked:?}");
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn a_prime_that_others_have_is_found() {
    let line = |kind: &str| {
        let lines = include_str!("../../testdata/weak-moduli.txt");
        let line = lines.lines().find(|line| line.starts_with(kind)).unwrap();
        BigUint::parse_bytes(line.rsplit(' ').next().unwrap().as_bytes(), 16).unwrap()
    };
    // The square of a prime that the moduli of `neighbours` and `near` have too.
    let (square, near, good) = (line("square"), line("near"), line("good"));
    let known = square.sqrt();
    assert!(crate::weak::shares_for_tests(&near, &known));
    assert!(!crate::weak::shares_for_tests(&good, &known));
}
