//! Frames counted, by themselves; over real connections: `tests/src/strict`.

use super::counted::{Inbound, Outbound};
use super::trailers::is_of_pseudo_fields;
use super::{Breach, goaway};
use crate::bounds::{H2_IDLE_FRAMES_MAX, H2_SETTINGS_COST};

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn begun() -> Inbound {
    let mut inbound = Inbound::default();
    inbound.follow(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    inbound.follow(&frame(4, 0, 0, &[])).unwrap();
    inbound
}

fn after(frames: &[Vec<u8>]) -> Result<(), Breach> {
    begun().follow(&frames.concat())
}

#[test]
fn what_moves_nothing_has_an_end() {
    for (name, one) in [
        ("settings", frame(4, 0, 0, &[])),
        ("settings taken", frame(4, 1, 0, &[])),
        ("pings", frame(6, 0, 0, &[0; 8])),
        ("priorities", frame(2, 0, 1, &[0, 0, 0, 0, 1])),
        ("windows", frame(8, 0, 0, &[0, 0, 0, 1])),
        ("what nobody knows", frame(0x42, 0, 0, b"grease")),
        ("nothing", frame(0, 0, 1, &[])),
        ("resets", frame(3, 0, 1, &[0, 0, 0, 8])),
        ("crumbs", frame(0, 0, 1, b"a")),
    ] {
        // A change of settings is one for every stream: so many behind the first.
        let few = if name == "settings" { (H2_IDLE_FRAMES_MAX / H2_SETTINGS_COST) as usize - 1 } else { 100 };
        assert_eq!(after(&vec![one.clone(); few]), Ok(()), "{name}");
        if name == "settings" {
            assert!(after(&vec![one.clone(); few + 2]).is_err(), "{name}");
        }
        let flood = after(&vec![one; 20_000]);
        assert!(flood.is_err_and(|breach| breach.code == 0xb), "{name}");
    }
}

#[test]
fn each_frame_is_as_long_as_one_of_its_kind() {
    for (kind, flags, length, fits) in [
        (2, 0, 5, true),
        (2, 0, 4, false),
        (3, 0, 4, true),
        (3, 0, 5, false),
        (4, 0, 12, true),
        (4, 0, 11, false),
        (4, 1, 0, true),
        (4, 1, 6, false),
        (6, 0, 8, true),
        (6, 0, 9, false),
        (7, 0, 8, true),
        (7, 0, 7, false),
        (8, 0, 4, true),
        (8, 0, 3, false),
        (0, 0, 16_384, true),
        (0, 0, 16_385, false),
        (0x42, 0, 16_385, false),
    ] {
        let outcome = after(&[frame(kind, flags, 1, &vec![0; length])]);
        assert_eq!(outcome.is_ok(), fits, "{kind} {length}: {outcome:?}");
        assert!(outcome.is_ok() || outcome == Err(Breach::size()));
    }
    // Its settings come first.
    let mut inbound = Inbound::default();
    inbound.follow(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    assert_eq!(inbound.follow(&frame(6, 0, 0, &[0; 8])).map_err(|breach| breach.code), Err(1));
}

#[test]
fn bodies_allow_for_more() {
    let window = frame(8, 0, 0, &[0, 0, 16, 0]);
    let upload = [window.clone(), frame(0, 0, 1, &[7; 1024])].concat();
    assert_eq!(after(&vec![upload; 20_000]), Ok(()));
    let mut inbound = begun();
    let mut outbound = Outbound::default();
    for _ in 0..20_000 {
        outbound.follow(&frame(0, 0, 1, &[7; 1024]), &mut inbound);
        assert_eq!(inbound.follow(&window), Ok(()));
    }
}

#[test]
fn whoever_has_us_reset_is_counted_too() {
    let (mut inbound, mut outbound) = (begun(), Outbound::default());
    outbound.follow(&frame(3, 0, 1, &[0, 0, 0, 1]).repeat(100), &mut inbound);
    assert_eq!(inbound.within(), Ok(()));
    outbound.follow(&frame(3, 0, 1, &[0, 0, 0, 1]).repeat(1000), &mut inbound);
    assert!(inbound.within().is_err());
}

#[test]
fn a_header_block_ends() {
    let whole = [frame(1, 1, 1, &[0x82; 10]), frame(9, 4, 1, &[0x84; 10])];
    assert_eq!(after(&whole), Ok(()));
    let empty = frame(9, 0, 1, &[]);
    assert!(after(&[vec![frame(1, 1, 1, &[0x82])], vec![empty; 40]].concat()).is_err());
    let long = frame(9, 0, 1, &[0x82; 16_000]);
    assert!(after(&[vec![frame(1, 1, 1, &[0x82])], vec![long; 3]].concat()).is_err());
    let mut inbound = begun();
    inbound.follow(&frame(1, 1, 1, &[0x82])).unwrap();
    assert!(inbound.is_unfinished());
    inbound.follow(&frame(9, 4, 1, &[0x84])).unwrap();
    assert!(!inbound.is_unfinished());
}

#[test]
fn frames_are_found_however_they_are_cut() {
    let octets = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[0, 3, 0, 0, 0, 100]),
        frame(1, 4, 1, &[0x82, 0x84]),
        frame(0, 0, 1, b"body"),
        frame(1, 5, 1, &[0x84]),
    ]
    .concat();
    for size in 1..octets.len() {
        let mut inbound = Inbound::default();
        let outcome = octets.chunks(size).try_for_each(|piece| inbound.follow(piece));
        assert_eq!(outcome, Err(Breach::protocol("pseudo-header fields in trailers")), "{size}");
    }
}

#[test]
fn pseudo_fields_are_seen_in_every_form() {
    for (block, is_one) in [
        // x-a: b, plain and with the name in Huffman's code (RFC 7541 C.4.1 for the code).
        (&b"\x00\x03x-a\x01b"[..], false),
        (b"\x40\x03x-a\x01b", false),
        (b"\x10\x00\x00", false),
        // grpc-status by a name of its own, after a change of the table's size.
        (b"\x20\x00\x0bgrpc-status\x010", false),
        // accept, of the static table.
        (b"\x0f\x04\x01b", false),
        (b"\x90", false),
        (b"\x84", true),
        (b"\xbe", true),
        (b"\x04\x01/", true),
        (b"\x44\x01/", true),
        (b"\x00\x05:path\x01/", true),
        (b"\x00\x84\xb9\x49\x53\x39\x01/", true),
        (b"\x00\x03x-a\x01b\x84", true),
        // Cut short.
        (b"\x00\x05:pa", false),
        (b"\x7f\xff\xff\xff\xff\xff", false),
    ] {
        assert_eq!(is_of_pseudo_fields(block), is_one, "{block:x?}");
    }
}

#[test]
fn the_goodbye_is_a_frame() {
    assert_eq!(goaway(5, 0xb).to_vec(), frame(7, 0, 0, &[0, 0, 0, 5, 0, 0, 0, 0xb]));
}
