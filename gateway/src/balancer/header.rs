//! The octets of a balancer's header: PROXY protocol, version 2 (HAProxy's specification, section 2.2), strictly.
//!
//! ```text
//! 12  signature   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A
//!  1  version (high four bits, 2) and command (low four: 0 LOCAL, 1 PROXY)
//!  1  family (high four bits: 1 IPv4, 2 IPv6) and transport (low four: 1 stream)
//!  2  how many octets follow, most significant first
//!     source address, destination address, source port, destination port; then type-length-values
//! ```
//!
//! Version 1, datagrams, unix sockets and a command without a known family are refused. Type-length-values are walked over to the
//! last octet and otherwise left alone; a checksum (CRC32C) is checked where there is one, as the specification demands.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::bounds::PROXY_HEADER_BYTES_MAX;

/// What every header has, before addresses.
pub const FIXED_BYTES: usize = 16;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const IPV4_STREAM: u8 = 0x11;
const IPV6_STREAM: u8 = 0x21;
/// Type of a checksum over the whole header (PP2_TYPE_CRC32C).
const CHECKSUM: u8 = 0x03;

/// Where a connection comes from, as its balancer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the balancer itself, which looks whether we live.
    Balancer,
    /// From a client, here.
    Client(SocketAddr),
}

/// What so many octets come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// At least so many more belong to the header.
    More(usize),
    /// They are the header, to the last octet.
    Whole(Origin),
}

/// Why octets are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// They do not begin as a header of version 2 does.
    #[error("no signature of PROXY protocol version 2")]
    Signature,
    /// Another version, or a command that nobody has defined.
    #[error("version and command {0:#04x}")]
    VersionOrCommand(u8),
    /// Neither IPv4 nor IPv6, or no stream.
    #[error("family and transport {0:#04x}")]
    Family(u8),
    /// The addresses do not fit, or something follows the header's own end.
    #[error("a length that does not fit")]
    Length,
    /// Longer than [`PROXY_HEADER_BYTES_MAX`].
    #[error("{0} octets are too many")]
    TooLong(usize),
    /// A type-length-value reaches beyond the end, or a second checksum.
    #[error("type-length-values that do not fit")]
    Values,
    /// The checksum is another.
    #[error("a wrong checksum")]
    Checksum,
    /// No single machine has this address.
    #[error("a source that can be nobody's")]
    Source,
}

/// Reads what has come so far. What came before is given again, with what came since; how it was cut on its way makes no
/// difference.
///
/// # Errors
/// See [`HeaderFault`].
pub fn read(octets: &[u8]) -> Result<Progress, HeaderFault> {
    if octets.iter().zip(&SIGNATURE).any(|(octet, expected)| octet != expected) {
        return Err(HeaderFault::Signature);
    }
    let Some((fixed, body)) = octets.split_first_chunk::<FIXED_BYTES>() else {
        return Ok(Progress::More(FIXED_BYTES.saturating_sub(octets.len())));
    };
    let [.., command, family, high, low] = *fixed;
    if command != LOCAL && command != PROXY {
        return Err(HeaderFault::VersionOrCommand(command));
    }
    if command == PROXY && family != IPV4_STREAM && family != IPV6_STREAM {
        return Err(HeaderFault::Family(family));
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    if FIXED_BYTES.saturating_add(length) > PROXY_HEADER_BYTES_MAX {
        return Err(HeaderFault::TooLong(FIXED_BYTES.saturating_add(length)));
    }
    match length.checked_sub(body.len()) {
        None => Err(HeaderFault::Length),
        // Of a balancer's own connections nothing is to be believed but the connection (section 2.2, LOCAL).
        Some(0) if command == LOCAL => Ok(Progress::Whole(Origin::Balancer)),
        Some(0) => client(octets, body, family).map(|client| Progress::Whole(Origin::Client(client))),
        Some(missing) => Ok(Progress::More(missing)),
    }
}

/// The client of a whole header.
fn client(whole: &[u8], body: &[u8], family: u8) -> Result<SocketAddr, HeaderFault> {
    let (address, port, values) = if family == IPV4_STREAM {
        let (addresses, values) = body.split_first_chunk::<12>().ok_or(HeaderFault::Length)?;
        let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses;
        (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), u16::from_be_bytes([high, low]), values)
    } else {
        let (addresses, values) = body.split_first_chunk::<36>().ok_or(HeaderFault::Length)?;
        let (source, rest) = addresses.split_first_chunk::<16>().ok_or(HeaderFault::Length)?;
        let (_, ports) = rest.split_first_chunk::<16>().ok_or(HeaderFault::Length)?;
        let port = ports.first_chunk::<2>().ok_or(HeaderFault::Length)?;
        // An IPv4 client of a balancer that knows IPv6 only is the same client all the same, and has one share of everything.
        (IpAddr::V6(Ipv6Addr::from(*source)).to_canonical(), u16::from_be_bytes(*port), values)
    };
    walk(whole, values)?;
    let nobody = match address {
        IpAddr::V4(address) => address.is_unspecified() || address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unspecified() || address.is_multicast(),
    };
    if nobody { Err(HeaderFault::Source) } else { Ok(SocketAddr::new(address, port)) }
}

/// Over all type-length-values, to the last octet.
fn walk(whole: &[u8], mut values: &[u8]) -> Result<(), HeaderFault> {
    let mut checked = false;
    while let Some((kind, rest)) = values.split_first() {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(HeaderFault::Values)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (value, rest) = rest.split_at_checked(length).ok_or(HeaderFault::Values)?;
        if *kind == CHECKSUM {
            let said = value.try_into().map(u32::from_be_bytes).map_err(|_| HeaderFault::Values)?;
            if std::mem::replace(&mut checked, true) {
                return Err(HeaderFault::Values);
            }
            let behind = whole.len().saturating_sub(rest.len());
            if checksum(whole, behind.saturating_sub(value.len())..behind) != said {
                return Err(HeaderFault::Checksum);
            }
        }
        values = rest;
    }
    Ok(())
}

/// CRC32C (RFC 4960, appendix B) over a header, with zeros where its checksum stands. A header is short: bit by bit is enough.
pub(super) fn checksum(whole: &[u8], itself: std::ops::Range<usize>) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let octets = whole.iter().enumerate().map(|(at, octet)| if itself.contains(&at) { 0 } else { *octet });
    !octets.fold(u32::MAX, |sum, octet| {
        (0..8).fold(sum ^ u32::from(octet), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 })
    })
}
