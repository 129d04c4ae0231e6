//! Which versions of TLS are spoken: 1.3; 1.2 where a city says so by name; nothing older, whoever asks.

use gateway::TlsProfile;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::{Ask, CARE, Http, PUBLIC, Plan, Terminal, Tls, World};

const RECORD: &str = "/fhir/Patient/P-0001";

async fn city(tls: TlsProfile) -> World {
    World::planned(Plan { tls, ..Plan::default() }).await
}

#[tokio::test]
async fn the_standard_profile_speaks_1_3_alone() {
    let world = city(TlsProfile::Standard).await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    for http in [Http::One, Http::Two] {
        let newer = world.terminal_speaking(&keys, http, Tls::V13);
        assert_eq!(newer.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
        let refused = world.terminal_speaking(&keys, http, Tls::V12).raw().await.unwrap_err();
        assert!(refused.contains("ProtocolVersion"), "{refused}");
    }
    let root = world.authority.root_der();
    let visitor = Terminal::speaking(world.address, PUBLIC, &root, None, Http::One, Tls::V12);
    assert!(visitor.raw().await.unwrap_err().contains("ProtocolVersion"));
}

#[tokio::test]
async fn the_compatibility_profile_speaks_1_2_too() {
    let world = city(TlsProfile::Compatibility).await;
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    for (http, tls) in [(Http::One, Tls::V12), (Http::Two, Tls::V12), (Http::One, Tls::V13)] {
        let terminal = world.terminal_speaking(&keys, http, tls);
        assert_eq!(
            terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status,
            StatusCode::OK,
            "{http:?} {tls:?}"
        );
    }
    let root = world.authority.root_der();
    let visitor = Terminal::speaking(world.address, PUBLIC, &root, None, Http::One, Tls::V12);
    assert_eq!(visitor.ask(Ask::get("/")).await.unwrap().status, StatusCode::OK);
}

/// No TLS library of ours can speak 1.1, so the first message is written by hand. The very same one with 1.2 in it is
/// taken where 1.2 is: it is the version that is refused.
#[tokio::test]
async fn nothing_older_is_spoken_in_either_profile() {
    const ALERT: u8 = 21;
    const HANDSHAKE: u8 = 22;
    const PROTOCOL_VERSION: u8 = 70;
    for (profile, one_two) in [(TlsProfile::Standard, ALERT), (TlsProfile::Compatibility, HANDSHAKE)] {
        let world = city(profile).await;
        for host in [CARE, PUBLIC] {
            for version in [[3, 0], [3, 1], [3, 2]] {
                let (kind, body) = answer(&world, &client_hello(version, host)).await;
                assert_eq!(
                    (kind, body.as_slice()),
                    (ALERT, &[2, PROTOCOL_VERSION][..]),
                    "{profile:?} {host} {version:?}"
                );
            }
            let (kind, body) = answer(&world, &client_hello([3, 3], host)).await;
            assert_eq!(kind, one_two, "{profile:?} {host}: {body:?}");
        }
    }
}

/// Kind and body of the first record that comes back (RFC 5246 6.2.1).
async fn answer(world: &World, hello: &[u8]) -> (u8, Vec<u8>) {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let read = async {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut body).await.unwrap();
        (head[0], body)
    };
    timeout(std::time::Duration::from_secs(5), read).await.expect("no answer at all")
}

/// RFC 5246 7.4.1.2, RFC 4346 7.4.1.2: a first message that offers this version at most.
fn client_hello(version: [u8; 2], host: &str) -> Vec<u8> {
    let name = sized(&[&[0][..], &sized(host.as_bytes())].concat());
    let extensions = [
        extension(0, &name),
        // supported_groups: x25519, secp256r1.
        extension(10, &sized(&[0, 29, 0, 23])),
        // ec_point_formats: uncompressed.
        extension(11, &[1, 0]),
        // signature_algorithms: ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256, ecdsa_secp384r1_sha384.
        extension(13, &sized(&[4, 3, 8, 4, 5, 3])),
        // extended_master_secret.
        extension(23, &[]),
    ]
    .concat();
    // ECDHE-ECDSA with AES-128-GCM and AES-256-GCM, which need 1.2; and with AES-128-CBC, which 1.1 has.
    let suites = sized(&[0xc0, 0x2b, 0xc0, 0x2c, 0xc0, 0x09]);
    let body = [&version[..], &[7; 32], &[0], &suites, &[1, 0], &sized(&extensions)].concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1, 0][..], &length, &body].concat();
    [&[22, 3, 1][..], &sized(&message)].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(body)].concat()
}

/// With its length in two octets before it.
fn sized(octets: &[u8]) -> Vec<u8> {
    [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat()
}
