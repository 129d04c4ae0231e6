//! Terminals: what their TLS says of them, and where they connect from.

use std::net::{IpAddr, Ipv4Addr};

use anomaly::event::{Facility, Place, Print};
use anomaly::{Prefix, prefix};

use crate::rng::digest;

/// Platforms and programs, as clients name themselves; 0 names nothing.
const NAMELESS: [u8; 2] = [0, 0];
/// Tablets: two platforms, each with its browser, and with an app.
const TABLETS: [[u8; 2]; 2] = [[1, 1], [2, 2]];
/// PCs: one platform, two browsers.
const PCS: [[u8; 2]; 2] = [[3, 3], [3, 2]];
/// What nobody was loaned: a script, another script, another browser.
const STRANGE: [[u8; 2]; 3] = [[4, 9], [5, 9], [6, 4]];
/// The program that a terminal has beside its own.
const BESIDE: u8 = 7;
/// A program that nobody has at a loaned terminal.
const SCRIPT: u8 = 9;

/// A terminal.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// To whom it is loaned.
    pub facility: Facility,
    /// Its platform, and the program that is used on it.
    pub client: [u8; 2],
    /// And the version.
    pub version: u32,
}

impl Terminal {
    /// A terminal of some kind.
    #[must_use]
    pub fn new(facility: Facility, mobile: bool, drawn: u64) -> Self {
        let kinds = if mobile { TABLETS } else { PCS };
        Self { facility, client: one_of(&kinds, drawn), version: (drawn >> 32) as u32 % 3 }
    }

    /// What its TLS says.
    #[must_use]
    pub fn print(&self) -> Print {
        print_of(self.client, self.version)
    }

    /// What the other program says that is on it.
    #[must_use]
    pub fn print_beside(&self) -> Print {
        print_of([self.client[0], BESIDE], self.version)
    }

    /// The same program in a version that is not loaned.
    #[must_use]
    pub fn other_version(&self, drawn: u64) -> Print {
        print_of(self.client, 1000 + (drawn % 50) as u32)
    }

    /// A script on the same platform.
    #[must_use]
    pub fn script(&self, drawn: u64) -> Print {
        print_of([self.client[0], SCRIPT], drawn as u32 % 4)
    }

    /// Another program on another platform.
    #[must_use]
    pub fn other_program(drawn: u64) -> Print {
        print_of(one_of(&STRANGE, drawn), (drawn >> 32) as u32 % 4)
    }

    /// A program that does not name itself.
    #[must_use]
    pub fn nameless(drawn: u64) -> Print {
        print_of(NAMELESS, drawn as u32 % 4)
    }
}

fn one_of(kinds: &[[u8; 2]], drawn: u64) -> [u8; 2] {
    let nth = (drawn % kinds.len().max(1) as u64) as usize;
    kinds.get(nth).copied().unwrap_or(NAMELESS)
}

fn print_of(client: [u8; 2], version: u32) -> Print {
    let family = u16::from_be_bytes(client);
    Print { hello: digest(&[0x7e11, u64::from(family), u64::from(version)]), family }
}

/// The city, as exactly as its own network is known.
pub const CITY: Place = Place { north: 3602, east: 13_999, within_km: 20, abroad: false };
/// Where the carrier's addresses are said to be.
pub(super) const CARRIER: Place = Place { north: 3568, east: 13_969, within_km: 80, abroad: false };
/// In another part of the country.
pub const FAR: Place = Place { north: 3469, east: 13_550, within_km: 30, abroad: false };
/// Abroad.
pub const ABROAD: Place = Place { north: 5236, east: 489, within_km: 50, abroad: true };

/// Address of a facility.
#[must_use]
pub(super) fn house_address(number: u32) -> Prefix {
    let [_, b, c, d] = number.wrapping_add(1).to_be_bytes();
    prefix(IpAddr::V4(Ipv4Addr::new(203, b, c, d)))
}

/// One of the addresses that the carrier has for all tablets.
#[must_use]
pub fn carrier_address(number: usize) -> Prefix {
    let [.., c, d] = number.to_be_bytes();
    prefix(IpAddr::V4(Ipv4Addr::new(126, 0, c, d)))
}

/// Some other address.
#[must_use]
pub fn street_address(drawn: u64) -> Prefix {
    let [.., b, c, d] = drawn.to_be_bytes();
    prefix(IpAddr::V4(Ipv4Addr::new(185, b, c, d)))
}

/// Where an address of the city seems to be.
#[must_use]
pub fn place_of(source: Prefix) -> Place {
    if source.first() == Some(&126) { CARRIER } else { CITY }
}
