//! Networks as people write them: `10.0.0.0/8`, `fd00::/8`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is no network of balancers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// No address, or no number of bits.
    #[error("`{0}` is no network, such as 10.0.0.0/24 or fd00:1::/64")]
    Form(String),
    /// Bits are set that do not count: whoever wrote it meant something else.
    #[error("`{0}` has bits set beyond its length; the network is written {1}")]
    Beyond(String, Network),
    /// Whoever connects could say that he is anybody.
    #[error("`{0}` names everybody")]
    Everybody(String),
}

impl Network {
    /// Whether an address is within it. IPv4 within IPv6 (`::ffff:10.0.0.1`) is IPv4.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.bits) == Some(self.address)
            && address.to_canonical().is_ipv4() == self.address.is_ipv4()
    }
}

/// An address without the bits beyond so many; none where it has not so many.
fn masked(address: IpAddr, bits: u8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let beyond = 32_u32.checked_sub(bits.into())?;
            let mask = u32::MAX.checked_shl(beyond).unwrap_or(0);
            Some(IpAddr::V4((address.to_bits() & mask).into()))
        }
        IpAddr::V6(address) => {
            let beyond = 128_u32.checked_sub(bits.into())?;
            let mask = u128::MAX.checked_shl(beyond).unwrap_or(0);
            Some(IpAddr::V6((address.to_bits() & mask).into()))
        }
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let form = || NetworkFault::Form(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            // A sign or leading zeros would be read too.
            Some((address, bits)) if bits == "0" || !bits.starts_with(['0', '+']) => {
                (address, Some(bits.parse().map_err(|_| form())?))
            }
            Some(_) => return Err(form()),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| form())?;
        if address.to_canonical() != address {
            return Err(form());
        }
        let bits = bits.unwrap_or(if address.is_ipv4() { 32 } else { 128 });
        let network = masked(address, bits).map(|address| Self { address, bits }).ok_or_else(form)?;
        if network.bits == 0 {
            Err(NetworkFault::Everybody(text.to_owned()))
        } else if network.address == address {
            Ok(network)
        } else {
            Err(NetworkFault::Beyond(text.to_owned(), network))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
