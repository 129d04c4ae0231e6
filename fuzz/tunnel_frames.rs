//! Frames of a WebSocket as a tunnel reads them, held against a second, naive reader, which has all of them at once. The same
//! function runs over the seeds in the ordinary tests (`gateway/src/strict/fuzz.rs`).

use gateway::pipeline::tunnel::frames::{Frames, Sender};

const CLOSE: u8 = 8;
const PING: u8 = 0x89;

/// A frame as it is written down: its first octet, how long it says it is, and what there is of its payload, without the mask.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    first: u8,
    length: u64,
    payload: Vec<u8>,
}

impl Frame {
    fn is_whole(&self) -> bool {
        self.payload.len() as u64 == self.length
    }

    fn is_close(&self) -> bool {
        self.first & 0xf == CLOSE
    }
}

/// The first octet says whose frames follow (1: the client's, else the store's), whether messages are allowed (2), and how long they
/// may be (the other bits); the rest is what is sent. Cut anywhere it comes to the same; what goes on is what a naive reader finds,
/// under another mask; and what is refused, that one refuses with the same code.
pub(crate) fn tunnel_frames(data: &[u8]) {
    let Some((setting, octets)) = data.split_first() else { return };
    let sender = if setting & 1 == 0 { Sender::Store } else { Sender::Client };
    let speaks = setting & 2 != 0;
    let most = if setting >> 2 == 63 { u64::MAX } else { u64::from(setting >> 2) * 16 };
    let expected = naive(octets, sender, speaks, most);

    let (mut frames, mut out) = (Frames::new(sender, speaks, most), Vec::new());
    let read = frames.read(octets, &mut out);
    assert_eq!(read.err().map(|breach| breach.code()), expected.code);
    let passed = written(&out, sender);
    expected.is(&passed);
    let carried: usize = passed.iter().map(|frame| frame.payload.len()).sum();
    assert_eq!(frames.take_carried(), carried as u64);
    let closed = passed.last().is_some_and(Frame::is_close);
    assert_eq!(frames.is_closed(), closed);
    if read.is_ok() {
        assert_eq!(frames.between_frames(), !closed && passed.last().is_none_or(Frame::is_whole));
    }

    let (mut frames, mut out) = (Frames::new(sender, speaks, most), Vec::new());
    let slowly = octets.iter().try_for_each(|octet| {
        let before = out.len();
        frames.read(&[*octet], &mut out)?;
        // A ping of ours, wherever one may stand.
        if out.len() > before && frames.between_frames() { frames.ping(&mut out) } else { Ok(()) }
    });
    assert_eq!(slowly, read, "octet by octet, it comes to something else");
    expected.is(&without_pings(written(&out, sender)));
}

/// What should become of what is sent.
#[derive(Default)]
struct Expected {
    /// These go on as they are.
    passed: Vec<Frame>,
    /// One whose text is none, behind them: nothing of it goes on, or a beginning that is the beginning of a text.
    broken: Option<Frame>,
    /// The message whose frames are coming: its first octet, its length, and of a text what has come.
    message: Option<(u8, u64, Vec<u8>)>,
    code: Option<u16>,
}

impl Expected {
    fn is(&self, passed: &[Frame]) {
        let Some(broken) = &self.broken else { return assert_eq!(passed, self.passed) };
        let (begun, before) = passed.split_last().unwrap();
        assert_eq!(before, self.passed);
        assert_eq!((begun.first, begun.length), (broken.first, broken.length));
        assert!(!begun.is_whole() && broken.payload.starts_with(&begun.payload));
        let text = [&self.message.as_ref().unwrap().2[..], &begun.payload].concat();
        assert!(is_begun(&text), "what is no text went on");
    }
}

/// A text, or one whose last character is not whole.
fn is_begun(text: &[u8]) -> bool {
    std::str::from_utf8(text).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn naive(mut octets: &[u8], sender: Sender, speaks: bool, most: u64) -> Expected {
    let mut expected = Expected::default();
    while let [first, second, ..] = *octets {
        expected.code = begins(first, second, sender, speaks, expected.message.is_some());
        if expected.code.is_some() {
            break;
        }
        let Some((frame, rest)) = split(octets) else { break };
        octets = rest;
        let fits = match second & 0x7f {
            126 => frame.length > 125,
            127 => frame.length > 65_535 && frame.length < 1 << 63,
            _ => true,
        };
        expected.code = match (fits, first & 8 != 0) {
            (false, _) => Some(1002),
            (true, true) if !frame.is_whole() => break,
            (true, true) => expected.control(frame),
            (true, false) => expected.data(frame, most),
        };
        if expected.code.is_some() || expected.passed.last().is_some_and(Frame::is_close) {
            break;
        }
    }
    expected
}

/// What is wrong with the two octets that a frame begins with.
fn begins(first: u8, second: u8, sender: Sender, speaks: bool, within: bool) -> Option<u16> {
    let (opcode, last) = (first & 0xf, first >= 0x80);
    let right = match opcode {
        0 => within,
        1 | 2 => !within,
        8..=10 => last && second & 0x7f <= 125,
        _ => false,
    };
    if first & 0x70 != 0 {
        Some(1002)
    } else if opcode <= 2 && !speaks {
        Some(1008)
    } else if !right || (second >= 0x80) != (sender == Sender::Client) {
        Some(1002)
    } else {
        None
    }
}

impl Expected {
    fn control(&mut self, frame: Frame) -> Option<u16> {
        if frame.is_close() && !frame.payload.is_empty() {
            let [high, low, reason @ ..] = frame.payload.as_slice() else { return Some(1002) };
            // RFC 6455 7.4, and IANA's list.
            let code = u16::from_be_bytes([*high, *low]);
            let reserved = [1004, 1005, 1006].contains(&code) || (1015..3000).contains(&code);
            if reserved || !(1000..5000).contains(&code) {
                return Some(1002);
            }
            if std::str::from_utf8(reason).is_err() {
                return Some(1007);
            }
        }
        self.passed.push(frame);
        None
    }

    fn data(&mut self, frame: Frame, most: u64) -> Option<u16> {
        let (kind, octets, text) = self.message.get_or_insert((frame.first & 0xf, 0, Vec::new()));
        *octets = octets.saturating_add(frame.length);
        if *octets > most {
            return Some(1009);
        }
        let ends = frame.first >= 0x80 && frame.is_whole();
        if *kind == 1 {
            let all = [text.as_slice(), &frame.payload].concat();
            if !is_begun(&all) || (ends && std::str::from_utf8(&all).is_err()) {
                self.broken = (frame.length > 0).then_some(frame);
                return Some(1007);
            }
            *text = all;
        }
        if ends {
            self.message = None;
        }
        self.passed.push(frame);
        None
    }
}

/// The frame that stands first, and what follows it. None where its head is not whole.
fn split(octets: &[u8]) -> Option<(Frame, &[u8])> {
    let [first, second, ..] = *octets else { return None };
    let (length, mut at) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(octets.get(2..4)?.try_into().unwrap())), 4),
        127 => (u64::from_be_bytes(octets.get(2..10)?.try_into().unwrap()), 10),
        short => (u64::from(short), 2),
    };
    let mut key = &[0; 4][..];
    if second >= 0x80 {
        key = octets.get(at..at + 4)?;
        at += 4;
    }
    let there = usize::try_from(length).unwrap_or(usize::MAX).min(octets.len() - at);
    let masked = octets[at..at + there].iter().enumerate();
    let payload = masked.map(|(at, octet)| octet ^ key[at % 4]).collect();
    Some((Frame { first, length, payload }, &octets[at + there..]))
}

/// What went on: frames of a client towards the store, or the other way round, each in the shortest form.
fn written(mut out: &[u8], sender: Sender) -> Vec<Frame> {
    let mut frames = Vec::new();
    while !out.is_empty() {
        assert_eq!(out[1] >= 0x80, sender == Sender::Client, "masked towards the store alone");
        let (frame, rest) = split(out).expect("heads are written whole");
        let form = out[1] & 0x7f;
        assert_eq!(form, frame.length.min(if frame.length < 65_536 { 126 } else { 127 }) as u8, "in another form");
        assert!(frame.is_whole() || rest.is_empty());
        frames.push(frame);
        out = rest;
    }
    frames
}

/// Behind every frame that is whole, but a close, stands a ping.
fn without_pings(frames: Vec<Frame>) -> Vec<Frame> {
    let (mut frames, mut kept) = (frames.into_iter(), Vec::new());
    let ping = Frame { first: PING, length: 0, payload: Vec::new() };
    while let Some(frame) = frames.next() {
        if frame.is_whole() && !frame.is_close() {
            assert_eq!(frames.next().as_ref(), Some(&ping));
        }
        kept.push(frame);
    }
    kept
}
