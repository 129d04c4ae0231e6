//! Which place a serial number stands for: a permutation of all indexes under a key, so that neither how many certificates
//! there are nor in which order they were issued can be read off them by whoever sees a few.
//!
//! A Feistel network over two halves of 24 bits, eight rounds, each with AES-128 of the round and the half as its function
//! (the construction of NIST SP 800-38G, whose FF1 and FF3 are Feistel networks on AES as well; a table is asked on every
//! request, and FF1 with its arithmetic in long numbers is some thirty times as slow). Any round function gives a bijection.
//!
//! The key stands in the registry's journal, so that every node over either database has the same. Whoever reads the journal
//! reads all numbers in their order and needs no key; whoever has the key alone learns how many certificates there are. It opens
//! nothing: a number is no secret, and what counts is the fingerprint (promise P7).

use std::fmt;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use model::{SerialDraw, SerialNumber};

use super::CertificateIndex;
use crate::credential::VaultError;

const KEY_OCTETS: usize = 16;
const ROUNDS: u8 = 8;
const HALF: u32 = 0xff_ffff;
/// What else the key could be used for one day gives other blocks.
const USED_FOR: &[u8; 12] = b"serial index";

/// The key of the permutation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NumberingKey([u8; KEY_OCTETS]);

impl NumberingKey {
    /// A random one.
    ///
    /// # Errors
    /// The source of random numbers failed.
    pub fn random() -> Result<Self, VaultError> {
        let mut octets = [0; KEY_OCTETS];
        SystemRandom::new().fill(&mut octets).map_err(|_| VaultError::Random)?;
        Ok(Self(octets))
    }

    pub(crate) const fn new(octets: [u8; KEY_OCTETS]) -> Self {
        Self(octets)
    }

    pub(crate) const fn octets(&self) -> &[u8; KEY_OCTETS] {
        &self.0
    }
}

impl fmt::Debug for NumberingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NumberingKey")
    }
}

/// The permutation under one key.
#[derive(Clone)]
pub(crate) struct Numbering {
    key: NumberingKey,
    cipher: Aes128,
}

impl PartialEq for Numbering {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl fmt::Debug for Numbering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Numbering")
    }
}

impl Numbering {
    pub(crate) fn new(key: NumberingKey) -> Self {
        Self { key, cipher: Aes128::new(&Array(key.0)) }
    }

    pub(crate) const fn key(&self) -> NumberingKey {
        self.key
    }

    /// The number that a draw and this index come to.
    pub(crate) fn serial(&self, draw: SerialDraw, index: CertificateIndex) -> SerialNumber {
        let octets = self.seal(u64::from(index.get())).to_be_bytes();
        let mut sealed = [0; 6];
        sealed.iter_mut().zip(octets.iter().skip(2)).for_each(|(place, octet)| *place = *octet);
        draw.numbered(sealed)
    }

    /// The index that a number stands for, if it is a numbered one and could be of this registry.
    pub(crate) fn index(&self, serial: &SerialNumber) -> Option<CertificateIndex> {
        let [a, b, c, d, e, f] = serial.numbered_parts()?.sealed;
        let index = self.open(u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        u32::try_from(index).ok().map(CertificateIndex::new)
    }

    /// 48 bits to 48 bits.
    pub(crate) fn seal(&self, index: u64) -> u64 {
        let (mut left, mut right) = halves(index);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        u64::from(left) << 24 | u64::from(right)
    }

    /// Back again.
    pub(crate) fn open(&self, sealed: u64) -> u64 {
        let (mut left, mut right) = halves(sealed);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        u64::from(left) << 24 | u64::from(right)
    }

    fn round(&self, round: u8, half: u32) -> u32 {
        let [_, a, b, c] = half.to_be_bytes();
        let [p, q, r, s, t, u, v, w, x, y, z, end] = *USED_FOR;
        let mut block = Array([round, a, b, c, p, q, r, s, t, u, v, w, x, y, z, end]);
        self.cipher.encrypt_block(&mut block);
        let [first, second, third, ..] = block.0;
        u32::from_be_bytes([0, first, second, third])
    }
}

/// The two halves of 48 bits.
fn halves(of: u64) -> (u32, u32) {
    let half = |bits: u64| u32::try_from(bits & u64::from(HALF)).unwrap_or(HALF);
    (half(of >> 24), half(of))
}
