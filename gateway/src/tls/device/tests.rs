//! What knowing a terminal costs, for people to look at.

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::digest;
use rustls::pki_types::CertificateDer;

use super::Presented;
use crate::tls::der::{INTEGER, NotDer, SEQUENCE, expect, optional};
use crate::tls::profile::tests::unsigned;
use crate::tls::profile::{Origin, check};
use crate::tls::readings::Readings;

/// Steps over what stands before the serial number.
fn walk(mut der: &[u8]) -> Result<&[u8], NotDer> {
    let mut certificate = expect(&mut der, SEQUENCE)?.content;
    let mut tbs = expect(&mut certificate, SEQUENCE)?.content;
    optional(&mut tbs, 0xa0)?;
    Ok(expect(&mut tbs, INTEGER)?.content)
}

/// What reading a certificate costs once a connection, and of what that consists, printed: `cargo test -p gateway
/// --release -- --ignored --nocapture identity`.
#[test]
#[ignore = "a measurement, not a check"]
fn identity() {
    let leaf = CertificateDer::from(unsigned());
    assert_eq!(walk(&leaf).unwrap(), [0x41; 16]);
    measure("walking to the serial number", || walk(black_box(&leaf)));
    measure("the fingerprint", || digest::digest(&digest::SHA256, black_box(&leaf)));
    measure("the form", || check(black_box(&leaf), Origin::Ours));
    measure("all that is read of a certificate that was not read lately", || Presented::read(black_box(&leaf)));
    let readings = Readings::default();
    readings.keep(Presented::read(&leaf).unwrap());
    measure("of one that was", || readings.read(black_box(&leaf)));
}

#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn measure<T>(what: &str, work: impl Fn() -> T) {
    const ROUNDS: u32 = 100_000;
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    println!("{what}: {:.0} ns", begun.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
}
