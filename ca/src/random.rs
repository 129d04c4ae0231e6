//! Where random octets come from. Passed in, as time is, so that tests can choose it.

use aws_lc_rs::rand::SecureRandom;

use crate::error::Refused;

/// A source of unpredictable octets.
pub trait Random {
    /// Fills all of `octets`.
    ///
    /// # Errors
    /// The source failed; `octets` must not be used.
    fn fill(&self, octets: &mut [u8]) -> Result<(), Refused>;
}

/// The operating system's generator, through the crypto library.
#[derive(Clone, Debug, Default)]
pub struct SystemRandom(aws_lc_rs::rand::SystemRandom);

impl SystemRandom {
    /// The generator.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Random for SystemRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), Refused> {
        self.0.fill(octets).map_err(|_| Refused::Crypto("drawing random octets"))
    }
}
