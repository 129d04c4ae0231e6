//! How sure the city may be that a terminal's key is on that terminal alone (art. 38-1).

use crate::words;

words! {
    /// How a terminal's key came about, the surest first. Rules see it, so that a city can keep the least sure from what is
    /// most sensitive.
    pub enum Assurance ("assurance level") {
        /// Made in hardware that it cannot leave, and the hardware's maker says so.
        Attested = "attested",
        /// Made in a TPM, as the terminal itself says.
        Tpm = "tpm",
        /// Made on the terminal, by software.
        Software = "software",
        /// Made here and carried to the terminal in a PKCS#12 container, of which there may be copies. Also what is said of a
        /// certificate of which nobody wrote down how its key came about: the least counts.
        Container = "container",
    }
}

impl Assurance {
    /// Longest validity, in days. Renewal replaces the others by themselves; a container is carried by people, who want to do
    /// it once a year.
    #[must_use]
    pub const fn days_max(self) -> u16 {
        match self {
            Self::Attested | Self::Tpm | Self::Software => 180,
            Self::Container => 397,
        }
    }

    /// That of a certificate which one of this level renews by itself: of the new key nobody says where it was made, and
    /// whoever has a copy of a container may not rise by renewing with it.
    #[must_use]
    pub const fn renewed(self) -> Self {
        match self {
            Self::Attested | Self::Tpm | Self::Software => Self::Software,
            Self::Container => Self::Container,
        }
    }
}
