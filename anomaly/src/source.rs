//! Where a client comes from, as far as it says who pays for it.

use std::net::IpAddr;

/// An IPv4 address, or an IPv6 /64, which is what one subscriber gets.
pub type Prefix = [u8; 8];

/// The prefix of an address.
#[must_use]
pub fn prefix(address: IpAddr) -> Prefix {
    let mut prefix = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(address) => prefix.split_at_mut(4).0.copy_from_slice(&address.octets()),
        IpAddr::V6(address) => prefix.copy_from_slice(address.octets().split_at(8).0),
    }
    prefix
}
