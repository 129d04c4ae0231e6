//! Frames as clients and stores send them and as they should not, whole and in pieces.

use proptest::prelude::*;

use super::*;

/// What goes on of these octets, by a reader that takes them so many at a time; and what ended it.
fn read(sender: Sender, octets: &[u8], at_a_time: usize) -> (Vec<u8>, Option<Breach>) {
    let mut frames = Frames::new(sender, true, 1000);
    let mut out = Vec::new();
    for piece in octets.chunks(at_a_time) {
        if let Err(breach) = frames.read(piece, &mut out) {
            return (out, Some(breach));
        }
    }
    (out, None)
}

/// A frame: its first octet, and its payload. A client's is masked with a key that hides nothing from whoever reads a test.
fn frame(sender: Sender, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let key = (sender == Sender::Client).then_some([1, 2, 3, 4]);
    write(first, payload.len() as u64, key, &mut out);
    let begin = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = key {
        mask(&mut out[begin..], key, 0);
    }
    out
}

/// The same frames with their masks off, as first octet and payload.
fn unmasked(mut octets: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [first, second, ..] = *octets {
        let masked = second & MASKED != 0;
        let length =
            2 + match second & !MASKED {
                126 => 2,
                127 => 8,
                _ => 0,
            } + if masked { 4 } else { 0 };
        let (_, payload, key) = parse(&octets[..length], masked).unwrap();
        let end = length + payload as usize;
        let mut payload = octets[length..end].to_vec();
        mask(&mut payload, key.unwrap_or_default(), 0);
        frames.push((first, payload));
        octets = &octets[end..];
    }
    frames
}

#[test]
fn what_is_in_order_goes_on_as_it_is_under_a_mask_of_our_own() {
    let long = vec![b'x'; 300];
    let said: &[(u8, &[u8])] = &[
        (0x81, "体温 36.5".as_bytes()),
        (0x82, &[0xff, 0xfe]),
        (0x82, b""),
        // In pieces, with a ping among them, cut in the middle of a character.
        (0x01, &"体".as_bytes()[..1]),
        (0x00, &"体".as_bytes()[1..2]),
        (0x89, b"are you there"),
        (0x00, b""),
        (0x80, &"体".as_bytes()[2..]),
        (0x02, &long),
        (0x80, &long),
        (0x8a, b""),
        (0x88, b"\x0f\xa1bye"),
    ];
    for sender in [Sender::Client, Sender::Store] {
        let octets: Vec<u8> = said.iter().flat_map(|(first, payload)| frame(sender, *first, payload)).collect();
        for at_a_time in [1, 2, 3, 7, 100, octets.len()] {
            let (out, breach) = read(sender, &octets, at_a_time);
            assert_eq!(breach, None);
            let expected: Vec<_> = said.iter().map(|(first, payload)| (*first, payload.to_vec())).collect();
            assert_eq!(unmasked(&out), expected, "{sender:?} {at_a_time}");
            match sender {
                Sender::Store => assert_eq!(out, octets),
                // The chance that every mask of twelve is ours by accident is nil.
                Sender::Client => assert!(out.len() == octets.len() && out != octets),
            }
        }
    }
}

#[test]
fn what_may_not_come_goes_nowhere() {
    let long = [b'x'; 126];
    let protocol = [
        // Reserved bits: no extension is agreed on.
        ("rsv1", 0xc1, &b"x"[..]),
        ("rsv2", 0xa1, b"x"),
        ("rsv3", 0x91, b"x"),
        ("rsv1 of a ping", 0xc9, b""),
        // Opcodes that nothing has.
        ("opcode 3", 0x83, b""),
        ("opcode 7", 0x87, b""),
        ("opcode 11", 0x8b, b""),
        ("opcode 15", 0x8f, b""),
        // Control frames.
        ("half a close", 0x08, b""),
        ("half a ping", 0x09, b""),
        ("a long ping", 0x89, &long),
        ("a close of one octet", 0x88, b"\x03"),
        ("close 0", 0x88, b"\x00\x00"),
        ("close 999", 0x88, b"\x03\xe7"),
        ("close 1004", 0x88, b"\x03\xec"),
        ("close 1005", 0x88, b"\x03\xed"),
        ("close 1006", 0x88, b"\x03\xee"),
        ("close 1015", 0x88, b"\x03\xf7"),
        ("close 2999", 0x88, b"\x0b\xb7"),
        ("close 5000", 0x88, b"\x13\x88"),
        // Order.
        ("the rest of nothing", 0x80, b"x"),
        ("a piece of nothing", 0x00, b"x"),
    ];
    for sender in [Sender::Client, Sender::Store] {
        let fine = frame(sender, 0x81, b"fine");
        let check = |name: &str, octets: Vec<u8>, code: u16| {
            for at_a_time in [1, 3, 1000] {
                let (out, breach) = read(sender, &[fine.clone(), octets.clone()].concat(), at_a_time);
                let code_of = breach.map(Breach::code);
                assert_eq!(code_of, Some(code), "{sender:?} {name} {at_a_time}");
                // The head of a text is on its way before it is known to be none.
                let passed = if code == 1007 { &out[..fine.len()] } else { &out[..] };
                assert_eq!(unmasked(passed), [(0x81, b"fine".to_vec())], "{sender:?} {name} {at_a_time}");
                assert!(out.len() < fine.len() + octets.len(), "{sender:?} {name}: all of it went on");
            }
        };
        for (name, first, payload) in protocol {
            check(name, frame(sender, first, payload), 1002);
        }
        check("a close whose reason is no text", frame(sender, 0x88, b"\x03\xe8\xff"), 1007);
        check("a text that is none", frame(sender, 0x81, b"\xc3\x28"), 1007);
        check("a text that ends in the middle", frame(sender, 0x81, b"\xe4\xbd"), 1007);
        check("a surrogate", frame(sender, 0x81, b"\xed\xa0\x80"), 1007);
        check("an overlong form", frame(sender, 0x81, b"\xc0\xaf"), 1007);
        check("too long", frame(sender, 0x82, &[0; 1001]), 1009);
        let other = if sender == Sender::Client { Sender::Store } else { Sender::Client };
        check("masked as the other side", frame(other, 0x81, b"x"), 1002);
        check("masked as the other side, empty", frame(other, 0x8a, b""), 1002);
        // Lengths in other than their shortest form, and one that no reader can hold.
        let masked = if sender == Sender::Client { 0x80 } else { 0 };
        let key: &[u8] = if sender == Sender::Client { &[0; 4] } else { &[] };
        check("16 bits for 5", [&[0x82, masked | 126, 0, 5], key].concat(), 1002);
        check("16 bits for 125", [&[0x82, masked | 126, 0, 125], key].concat(), 1002);
        check("64 bits for 65535", [&[0x82, masked | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], key].concat(), 1002);
        check("the top bit", [&[0x82, masked | 127, 0x80, 0, 0, 0, 0, 0, 0, 0], key].concat(), 1002);
    }
}

/// What has begun cannot be taken back; nothing of what breaks the rules is added to it.
#[test]
fn a_breach_in_the_middle_of_a_message_ends_it_there() {
    for sender in [Sender::Client, Sender::Store] {
        let begun = frame(sender, 0x01, b"begun");
        for (name, first, payload, code) in [
            ("another message", 0x81, &b"x"[..], 1002),
            ("another binary", 0x02, b"x", 1002),
            ("no text", 0x80, b"\xff", 1007),
            ("no end of a character", 0x80, b"\xe4", 1007),
            ("more than the bound", 0x80, &[b'x'; 996], 1009),
        ] {
            let (out, breach) = read(sender, &[begun.clone(), frame(sender, first, payload)].concat(), 1000);
            assert_eq!(breach.map(Breach::code), Some(code), "{name}");
            let passed = &out[..begun.len()];
            assert_eq!(unmasked(passed), [(0x01, b"begun".to_vec())], "{name}");
            assert!(out.len() < begun.len() + 15, "{name}: {} octets of it went on", out.len() - begun.len());
        }
        // An empty last frame ends a text as well as a full one does.
        let half = frame(sender, 0x01, b"\xe4\xbd");
        let (out, breach) = read(sender, &[half.clone(), frame(sender, 0x80, b"")].concat(), 1000);
        assert_eq!((breach, out.len()), (Some(Breach::NoText), half.len()));
    }
}

#[test]
fn whoever_listens_says_nothing() {
    for (first, passes) in
        [(0x88, true), (0x89, true), (0x8a, true), (0x81, false), (0x82, false), (0x01, false), (0x80, false)]
    {
        let mut frames = Frames::new(Sender::Client, false, 1000);
        let mut out = Vec::new();
        let said = frames.read(&frame(Sender::Client, first, b""), &mut out);
        let expected = if passes { Ok(()) } else { Err(Breach::Speaks) };
        assert_eq!((said, out.is_empty()), (expected, !passes), "{first:x}");
    }
}

#[test]
fn what_follows_a_close_is_not_read() {
    let close = frame(Sender::Store, 0x88, b"\x03\xe8");
    let (out, breach) = read(Sender::Store, &[&close[..], b"\xff\xff whatever"].concat(), 1000);
    assert_eq!((out, breach), (close, None));
}

/// A frame of ours stands between frames only.
#[test]
fn a_frame_that_is_half_written_is_not_written_into() {
    let text = frame(Sender::Store, 0x81, b"text");
    let mut frames = Frames::new(Sender::Store, true, 1000);
    let mut out = Vec::new();
    assert!(frames.between_frames());
    // A head that has come half-way has not gone on.
    for (octet, between) in text.iter().zip([true, false, false, false, false, true]) {
        frames.read(&[*octet], &mut out).unwrap();
        assert_eq!(frames.between_frames(), between, "{out:x?}");
    }
    frames.close(1001, &mut out).unwrap();
    assert_eq!(out, [&text[..], b"\x88\x02\x03\xe9"].concat());
    let up = Frames::new(Sender::Client, true, 1000);
    let mut out = Vec::new();
    up.close(1001, &mut out).unwrap();
    assert!(out.len() == 8 && out[1] == 0x82, "towards the store a close is masked: {out:x?}");
    assert_eq!(unmasked(&out), [(0x88, b"\x03\xe9".to_vec())]);
}

proptest! {
    /// Whatever comes, in whatever pieces: the same goes on, and what goes on is in order by itself.
    #[test]
    fn pieces_change_nothing(octets in proptest::collection::vec(any::<u8>(), 0..200), at_a_time in 1_usize..40) {
        for sender in [Sender::Client, Sender::Store] {
            let (whole, breach) = read(sender, &octets, 1000);
            let (pieces, same) = read(sender, &octets, at_a_time);
            prop_assert_eq!(breach, same);
            if breach != Some(Breach::NoText) {
                prop_assert_eq!(whole.len(), pieces.len());
            }
            // Read once more, as its receiver does; it may end in the middle, and breaks nothing.
            let again = if sender == Sender::Client { &whole } else { &pieces };
            prop_assert_eq!(read(sender, again, 1000).1, None);
        }
    }

    #[test]
    fn a_text_is_one_however_it_is_cut(text in "\\PC{0,40}", cuts in proptest::collection::vec(1_usize..6, 1..20)) {
        let mut unfinished = Unfinished::default();
        let mut rest = text.as_bytes();
        for cut in cuts.into_iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(cut));
            prop_assert!(unfinished.goes_on(piece));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(unfinished.is_finished());
    }

    #[test]
    fn no_other_octets_are_a_text(octets in proptest::collection::vec(any::<u8>(), 0..24), cut in 1_usize..6) {
        let mut unfinished = Unfinished::default();
        let taken = octets.chunks(cut).all(|piece| unfinished.goes_on(piece)) && unfinished.is_finished();
        prop_assert_eq!(taken, std::str::from_utf8(&octets).is_ok());
    }

    #[test]
    fn a_mask_taken_off_leaves_what_was_there(mut octets in proptest::collection::vec(any::<u8>(), 0..50), key: [u8; 4], at in 0_usize..9) {
        let before = octets.clone();
        mask(&mut octets, key, at);
        for (number, (masked, plain)) in octets.iter().zip(&before).enumerate() {
            prop_assert_eq!(*masked, plain ^ key[(at + number) % 4]);
        }
    }
}

/// Whoever stops in the middle of a ping keeps nobody from hearing our close.
#[test]
fn a_frame_of_ours_stands_where_a_control_frame_is_half_there() {
    for sender in [Sender::Client, Sender::Store] {
        let ping = frame(sender, 0x89, b"half");
        let mut frames = Frames::new(sender, true, 1000);
        let mut out = Vec::new();
        for octet in &ping[..ping.len() - 1] {
            frames.read(&[*octet], &mut out).unwrap();
            assert!(frames.between_frames() && out.is_empty());
        }
        frames.close(1001, &mut out).unwrap();
        frames.read(&ping[ping.len() - 1..], &mut out).unwrap();
        assert_eq!(unmasked(&out), [(0x88, 1001_u16.to_be_bytes().to_vec()), (0x89, b"half".to_vec())]);
        // Of a message, what came has gone on.
        let text = frame(sender, 0x81, b"half");
        frames.read(&text[..text.len() - 1], &mut Vec::new()).unwrap();
        assert!(!frames.between_frames());
    }
}
