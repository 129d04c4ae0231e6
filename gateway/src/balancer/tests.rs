//! A header means the same however it comes, takes nothing of what follows, and names nobody whom its octets do not name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::header::{HeaderFault, Origin, Progress, checksum, read};
use super::{Balancers, Network, NetworkFault, OriginFault, origin};
use crate::bounds::PROXY_HEADER_BYTES_MAX;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, body].concat()
}

/// As a balancer writes it for this client.
fn written(client: SocketAddr, values: &[u8]) -> Vec<u8> {
    let (port, ours) = (client.port().to_be_bytes(), 443_u16.to_be_bytes());
    match client.ip() {
        IpAddr::V4(ip) => header(0x21, 0x11, &[&ip.octets()[..], &[10, 0, 0, 1], &port, &ours, values].concat()),
        IpAddr::V6(ip) => {
            let here = Ipv6Addr::LOCALHOST.octets();
            header(0x21, 0x21, &[&ip.octets()[..], &here, &port, &ours, values].concat())
        }
    }
}

fn value(kind: u8, octets: &[u8]) -> Vec<u8> {
    [&[kind][..], &u16::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat()
}

/// Gives its octets in pieces of these sizes, then in pieces of one.
struct Pieces {
    octets: Vec<u8>,
    at: usize,
    sizes: Vec<usize>,
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let size = self.sizes.pop().unwrap_or(1).min(buf.remaining()).min(self.octets.len() - self.at);
        buf.put_slice(&self.octets[self.at..self.at + size]);
        self.at += size;
        Poll::Ready(Ok(()))
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// What it comes to, and what is left to read.
fn arrived(octets: &[u8], sizes: Vec<usize>) -> (Result<Origin, OriginFault>, Vec<u8>) {
    block_on(async {
        let mut pieces = Pieces { octets: octets.to_vec(), at: 0, sizes };
        let found = origin(&mut pieces).await;
        let mut rest = Vec::new();
        pieces.read_to_end(&mut rest).await.unwrap();
        (found, rest)
    })
}

fn client() -> impl Strategy<Value = SocketAddr> {
    let four = (1_u32..0xe000_0000).prop_map(|bits| IpAddr::from(Ipv4Addr::from_bits(bits)));
    let six = (1_u128..0xfeff << 112).prop_map(|bits| IpAddr::from(Ipv6Addr::from_bits(bits)).to_canonical());
    (prop_oneof![four, six], any::<u16>())
        .prop_filter("a source that can be somebody's", |(ip, _)| !ip.is_unspecified() && !ip.is_multicast())
        .prop_map(|(ip, port)| SocketAddr::new(ip, port))
}

proptest! {
    #[test]
    fn whoever_a_balancer_names_is_found_however_the_header_comes(
        client in client(),
        values in prop::collection::vec((4_u8.., prop::collection::vec(any::<u8>(), 0..40)), 0..5),
        behind in prop::collection::vec(any::<u8>(), 0..60),
        sizes in prop::collection::vec(1_usize..50, 0..30),
    ) {
        let values = values.iter().flat_map(|(kind, octets)| value(*kind, octets)).collect::<Vec<_>>();
        let octets = [written(client, &values), behind.clone()].concat();
        let (found, rest) = arrived(&octets, sizes);
        prop_assert_eq!(found.unwrap(), Origin::Client(client));
        prop_assert_eq!(rest, behind, "not one octet of what follows");
    }

    #[test]
    fn any_octets_come_to_the_same_however_they_are_cut(
        begun in 0_usize..16,
        octets in prop::collection::vec(any::<u8>(), 0..80),
        sizes in prop::collection::vec(1_usize..50, 0..30),
    ) {
        // Of random octets few would begin as a header does.
        let octets = [&written(SocketAddr::from(([192, 0, 2, 7], 1)), &[])[..begun], &octets].concat();
        let whole = arrived(&octets, vec![usize::MAX; 3]);
        let cut = arrived(&octets, sizes);
        prop_assert_eq!(format!("{:?}", whole.0), format!("{:?}", cut.0));
        if whole.0.is_ok() {
            prop_assert_eq!(whole.1, cut.1);
        }
    }

    #[test]
    fn a_turned_bit_is_found_where_there_is_a_checksum(client in client(), at in 16_usize..28, bit in 0_u8..8) {
        let mut octets = written(client, &value(3, &[0; 4]));
        let behind = octets.len();
        let sum = checksum(&octets, behind - 4..behind).to_be_bytes();
        octets[behind - 4..].copy_from_slice(&sum);
        prop_assert_eq!(read(&octets), Ok(Progress::Whole(Origin::Client(client))));
        octets[at] ^= 1 << bit;
        prop_assert!(read(&octets).is_err());
    }
}

/// RFC 3720 B.4, and the check value of CRC-32C.
#[test]
fn the_checksum_is_crc32c() {
    let of = |octets: &[u8]| checksum(octets, 0..0);
    assert_eq!(of(b"123456789"), 0xe306_9283);
    assert_eq!(of(&[0; 32]), 0x8a91_36aa);
    assert_eq!(of(&[0xff; 32]), 0x62a8_ab43);
    assert_eq!(checksum(b"\xff\xff\xff\xff12", 0..4), of(b"\0\0\0\x0012"));
}

#[test]
fn what_is_no_header_is_told_why() {
    let four = [192, 0, 2, 7, 10, 0, 0, 1, 0xc8, 0x22, 1, 0xbb];
    let with = |values: &[u8]| header(0x21, 0x11, &[&four[..], values].concat());
    let long = value(4, &vec![0; PROXY_HEADER_BYTES_MAX]);
    let cases: [(&str, Vec<u8>, HeaderFault); 17] = [
        ("TLS", vec![0x16, 3, 1, 2, 0], HeaderFault::Signature),
        ("version 1", b"PROXY TCP4 192.0.2.7 10.0.0.1 51234 443\r\n".to_vec(), HeaderFault::Signature),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec(), HeaderFault::Signature),
        ("the last octet of the signature", [&SIGNATURE[..11], b"\r"].concat(), HeaderFault::Signature),
        ("version 3", header(0x31, 0x11, &four), HeaderFault::VersionOrCommand(0x31)),
        ("version 1 in two", header(0x11, 0x11, &four), HeaderFault::VersionOrCommand(0x11)),
        ("a command nobody knows", header(0x22, 0x11, &four), HeaderFault::VersionOrCommand(0x22)),
        ("datagrams", header(0x21, 0x12, &four), HeaderFault::Family(0x12)),
        ("unix sockets", header(0x21, 0x31, &[0; 216]), HeaderFault::Family(0x31)),
        ("a client of no family", header(0x21, 0x00, &[]), HeaderFault::Family(0)),
        ("short addresses", header(0x21, 0x11, &four[..11]), HeaderFault::Length),
        ("IPv6 in the room of IPv4", header(0x21, 0x21, &four), HeaderFault::Length),
        ("one octet left over", with(&[4]), HeaderFault::Values),
        ("a value beyond the end", with(&[4, 0, 9, 1, 2]), HeaderFault::Values),
        ("a checksum of three octets", with(&value(3, &[0; 3])), HeaderFault::Values),
        ("a wrong checksum", with(&value(3, &[0; 4])), HeaderFault::Checksum),
        ("too long", with(&long), HeaderFault::TooLong(16 + 12 + long.len())),
    ];
    for (what, octets, fault) in cases {
        assert_eq!(read(&octets), Err(fault), "{what}");
    }
    for nobody in ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:0.0.0.0"] {
        let octets = written(SocketAddr::new(nobody.parse().unwrap(), 1), &[]);
        assert_eq!(read(&octets), Err(HeaderFault::Source), "{nobody}");
    }
    // A length of 65,535 is refused before one octet of it is waited for.
    let endless = [SIGNATURE, &[0x20, 0, 0xff, 0xff]].concat();
    assert_eq!(read(&endless), Err(HeaderFault::TooLong(65_551)));
}

#[test]
fn two_checksums_are_none() {
    let client = SocketAddr::from(([192, 0, 2, 7], 1));
    let mut octets = written(client, &[value(3, &[0; 4]), value(3, &[0; 4])].concat());
    let at = 16 + 12 + 3;
    // Worked out with the second one as it is, so the first is right.
    let sum = checksum(&octets, at..at + 4).to_be_bytes();
    octets[at..at + 4].copy_from_slice(&sum);
    assert_eq!(read(&octets), Err(HeaderFault::Values));
}

#[test]
fn a_balancers_own_connection_is_its_own_whatever_it_says_besides() {
    for body in [&[][..], &[9; 12], &[3, 0, 4, 1, 2, 3, 4]] {
        for family in [0, 0x11, 0x77] {
            let octets = header(0x20, family, body);
            assert_eq!(read(&octets), Ok(Progress::Whole(Origin::Balancer)));
        }
    }
}

#[test]
fn an_ipv4_client_is_the_same_within_ipv6() {
    let octets = written("[::ffff:192.0.2.7]:51234".parse().unwrap(), &[]);
    assert_eq!(read(&octets), Ok(Progress::Whole(Origin::Client(SocketAddr::from(([192, 0, 2, 7], 51234))))));
}

#[test]
fn a_header_that_breaks_off_names_nobody() {
    let octets = written(SocketAddr::from(([192, 0, 2, 7], 1)), &[]);
    for end in 0..octets.len() {
        let (found, _) = arrived(&octets[..end], Vec::new());
        assert!(matches!(found, Err(OriginFault::Io(_))), "{end}: {found:?}");
    }
}

#[test]
fn a_balancer_is_who_is_within_a_network() {
    let network = |text: &str| text.parse::<Network>();
    let balancers =
        Balancers::new(["10.1.0.0/16", "192.0.2.7", "fd00:1::/64"].map(|text| network(text).unwrap()).to_vec());
    for (address, is) in [
        ("10.1.0.0", true),
        ("10.1.255.255", true),
        ("10.2.0.0", false),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("::ffff:10.1.2.3", true),
        ("fd00:1::ffff:1", true),
        ("fd00:1:0:1::", false),
        // The octets of 10.1.0.0 at the head of another family.
        ("a01::", false),
    ] {
        assert_eq!(balancers.hold(address.parse().unwrap()), is, "{address}");
    }
    assert!(!Balancers::default().hold(Ipv4Addr::LOCALHOST.into()));
    for text in [
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "10.0.0/8",
        "example.jp",
        "",
        "fd00::/129",
        "::ffff:10.0.0.0/104",
    ] {
        assert_eq!(network(text), Err(NetworkFault::Form(text.to_owned())), "{text}");
    }
    for text in ["0.0.0.0/0", "::/0", "10.0.0.0/0"] {
        assert!(matches!(network(text), Err(NetworkFault::Everybody(_))), "{text}");
    }
    assert_eq!(
        network("10.0.0.5/8").unwrap_err().to_string(),
        "`10.0.0.5/8` has bits set beyond its length; the network is written 10.0.0.0/8"
    );
    assert_eq!(network("fd00:1::/64").unwrap().to_string(), "fd00:1::/64");
}
