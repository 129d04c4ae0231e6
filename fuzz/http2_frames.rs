//! The guard of the frames of HTTP/2, held against a second, naive reader that keeps every frame until it is whole. The same function
//! runs over the seeds in the ordinary tests (`gateway/src/strict/fuzz.rs`).

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use gateway::bounds::{
    H2_BLOCK_FRAMES_MAX, H2_BODY_BYTES_PER_IDLE_FRAME, H2_CRUMB_BYTES, H2_CRUMBS_MAX, H2_IDLE_FRAMES_MAX,
    H2_RESETS_MAX, HEADER_BYTES_MAX,
};
use gateway::strict::frames::Frames;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A client: what it sends now, and what was sent to it.
#[derive(Clone, Default)]
struct Client(Rc<RefCell<(Vec<u8>, Vec<u8>)>>, usize);

impl AsyncRead for Client {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let sent = &mut self.0.borrow_mut().0;
        let taken: Vec<u8> = sent.drain(..self.1.min(sent.len())).collect();
        buf.put_slice(&taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().1.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // As much as it takes at a time, of whichever piece.
        let octets: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).take(self.1).collect();
        self.0.borrow_mut().1.extend_from_slice(&octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What is sent either way: an octet whose highest bit says that it is for the client, and whose others how many follow, less one.
fn pieces(mut data: &[u8]) -> Vec<(bool, &[u8])> {
    let mut pieces = Vec::new();
    while let Some((head, rest)) = data.split_first() {
        let (piece, rest) = rest.split_at(rest.len().min(usize::from(head & 0x7f) + 1));
        pieces.push((head & 0x80 != 0, piece));
        data = rest;
    }
    pieces
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Octets of the client's that passed.
    passed: Vec<u8>,
    /// What the client got.
    got: Vec<u8>,
    broken: bool,
}

fn guarded(pieces: &[(bool, &[u8])], at_a_time: usize) -> Outcome {
    let client = Client(Rc::default(), at_a_time);
    let mut frames = Frames::new(client.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut outcome = Outcome::default();
    'pieces: for (out, piece) in pieces {
        let mut left = *piece;
        while *out && !left.is_empty() {
            let (first, second) = left.split_at(left.len() / 2);
            let halves = [IoSlice::new(first), IoSlice::new(second)];
            let written = Pin::new(&mut frames).poll_write_vectored(&mut cx, &halves);
            let Poll::Ready(Ok(count)) = written else { panic!("{written:?}") };
            left = &left[count..];
        }
        if *out {
            continue;
        }
        client.0.borrow_mut().0 = piece.to_vec();
        loop {
            let mut buffer = [0; 128];
            let mut buf = ReadBuf::new(&mut buffer);
            let Poll::Ready(read) = Pin::new(&mut frames).poll_read(&mut cx, &mut buf) else { panic!("it waits") };
            match (read, buf.filled()) {
                (Ok(()), []) => break,
                (Ok(()), piece) => outcome.passed.extend_from_slice(piece),
                (Err(_), []) => {
                    outcome.broken = true;
                    break 'pieces;
                }
                (Err(_), _) => panic!("something of what is refused passes"),
            }
        }
    }
    if outcome.broken {
        let written = Pin::new(&mut frames).poll_write(&mut cx, b"more");
        assert!(matches!(written, Poll::Ready(Err(_))), "nothing is said on a connection that has ended");
    }
    outcome.got = client.0.borrow().1.clone();
    outcome
}

/// Cut anywhere, what passes and what is refused is what a naive reader says; a connection that is ended is told so where that can be
/// read, and nothing after it.
pub(crate) fn http2_frames(data: &[u8]) {
    let pieces = pieces(data);
    for at_a_time in [128, 1] {
        let began = Instant::now();
        let outcome = guarded(&pieces, at_a_time);
        let mut naive = Naive::new();
        let expected = naive.outcome(&pieces, at_a_time);
        // With time more is allowed: what has come close to its bound may not have met it.
        if naive.was_close && began.elapsed() > Duration::from_millis(4) {
            return;
        }
        assert_eq!(outcome, expected, "so many at a time: {at_a_time}");
    }
}

/// The second reader.
#[derive(Default)]
struct Naive {
    preface: usize,
    begun: bool,
    /// The frame that is coming, either way.
    inbound: Vec<u8>,
    outbound: Vec<u8>,
    highest: u32,
    /// The header block that is coming: how many frames and octets it has, and what of it is trailers.
    block: Option<(u32, usize, Option<Vec<u8>>)>,
    idle: u32,
    resets: u32,
    crumbs: u32,
    moved: u32,
    was_close: bool,
    /// The client had us reset too much.
    exceeded: bool,
}

/// The code of a GOAWAY.
type Code = u8;
const CALM: Code = 11;
const PROTOCOL: Code = 1;
const SIZE: Code = 6;

impl Naive {
    fn new() -> Self {
        let (idle, resets, crumbs) = (H2_IDLE_FRAMES_MAX, H2_RESETS_MAX, H2_CRUMBS_MAX);
        Self { preface: 24, idle, resets, crumbs, ..Self::default() }
    }

    fn outcome(&mut self, pieces: &[(bool, &[u8])], at_a_time: usize) -> Outcome {
        let mut outcome = Outcome::default();
        for (out, piece) in pieces {
            for part in piece.chunks(at_a_time) {
                if *out {
                    part.iter().for_each(|octet| self.sent(*octet));
                    outcome.got.extend_from_slice(part);
                    continue;
                }
                let read = part.iter().try_for_each(|octet| self.came(*octet));
                let Err(code) = read.and(if self.exceeded { Err(CALM) } else { Ok(()) }) else {
                    outcome.passed.extend_from_slice(part);
                    continue;
                };
                outcome.broken = true;
                if self.outbound.is_empty() {
                    outcome.got.extend([0, 0, 8, 7, 0, 0, 0, 0, 0]);
                    outcome.got.extend(self.highest.to_be_bytes());
                    outcome.got.extend([0, 0, 0, code]);
                }
                return outcome;
            }
        }
        outcome
    }

    fn sent(&mut self, octet: u8) {
        self.outbound.push(octet);
        if self.outbound.len() == 9 {
            match self.outbound[3] {
                0 => self.moves(length(&self.outbound)),
                3 => self.exceeded |= self.reset().is_err(),
                _ => {}
            }
        }
        if is_whole(&self.outbound) {
            self.outbound.clear();
        }
    }

    fn came(&mut self, octet: u8) -> Result<(), Code> {
        if self.preface > 0 {
            self.preface -= 1;
            return Ok(());
        }
        self.inbound.push(octet);
        if self.inbound.len() == 9 {
            self.head()?;
        }
        if is_whole(&self.inbound) {
            let frame = std::mem::take(&mut self.inbound);
            self.whole(&frame)?;
        }
        Ok(())
    }

    fn head(&mut self) -> Result<(), Code> {
        let (length, kind, flags) = (length(&self.inbound), self.inbound[3], self.inbound[4]);
        let fits = match kind {
            2 => length == 5,
            3 | 8 => length == 4,
            4 if flags & 1 != 0 => length == 0,
            4 => length % 6 == 0,
            6 => length == 8,
            7 => length >= 8,
            _ => true,
        };
        if !fits || length > 16_384 {
            return Err(SIZE);
        }
        if !self.begun && (kind != 4 || flags & 1 != 0) {
            return Err(PROTOCOL);
        }
        self.begun = true;
        match kind {
            0 => {
                self.moves(length);
                match length {
                    _ if flags & 1 != 0 => Ok(()),
                    0 => self.idle(4),
                    1..H2_CRUMB_BYTES => self.crumb(),
                    _ => Ok(()),
                }
            }
            1 | 9 => self.block(length as usize),
            3 => self.reset(),
            _ => self.idle(1),
        }
    }

    fn block(&mut self, length: usize) -> Result<(), Code> {
        if self.inbound[3] == 1 {
            let stream = stream(&self.inbound);
            self.block = Some((0, 0, (stream <= self.highest).then(Vec::new)));
            self.highest = self.highest.max(stream);
        }
        let Some((frames, octets, _)) = &mut self.block else { return Ok(()) };
        (*frames, *octets) = (*frames + 1, *octets + length);
        if *frames > H2_BLOCK_FRAMES_MAX || *octets > HEADER_BYTES_MAX { Err(CALM) } else { Ok(()) }
    }

    fn whole(&mut self, frame: &[u8]) -> Result<(), Code> {
        let (kind, flags) = (frame[3], frame[4]);
        let Some((_, _, trailers)) = self.block.as_mut().filter(|_| kind == 1 || kind == 9) else { return Ok(()) };
        let mut payload = &frame[9..];
        if kind == 1 {
            if flags & 8 != 0
                && let Some((padding, rest)) = payload.split_first()
            {
                payload = &rest[..rest.len().saturating_sub(usize::from(*padding))];
            }
            if flags & 32 != 0 {
                payload = payload.get(5..).unwrap_or_default();
            }
        }
        if let Some(trailers) = trailers {
            trailers.extend_from_slice(payload);
        }
        if flags & 4 == 0 {
            return Ok(());
        }
        let (_, _, trailers) = self.block.take().unwrap();
        if trailers.is_some_and(|block| pseudo(&block)) { Err(PROTOCOL) } else { Ok(()) }
    }

    fn moves(&mut self, octets: u32) {
        self.moved += octets;
        let more = self.moved / H2_BODY_BYTES_PER_IDLE_FRAME;
        self.idle = H2_IDLE_FRAMES_MAX.min(self.idle + more);
        self.moved -= more * H2_BODY_BYTES_PER_IDLE_FRAME;
    }

    fn idle(&mut self, cost: u32) -> Result<(), Code> {
        self.was_close |= self.idle < H2_IDLE_FRAMES_MAX / 2;
        spend(&mut self.idle, cost)
    }

    fn reset(&mut self) -> Result<(), Code> {
        self.was_close |= self.resets < H2_RESETS_MAX / 2;
        spend(&mut self.resets, 1)
    }

    fn crumb(&mut self) -> Result<(), Code> {
        self.was_close |= self.crumbs < H2_CRUMBS_MAX / 2;
        spend(&mut self.crumbs, 1)
    }
}

fn spend(left: &mut u32, cost: u32) -> Result<(), Code> {
    *left = left.checked_sub(cost).ok_or(CALM)?;
    Ok(())
}

fn length(frame: &[u8]) -> u32 {
    (u32::from(frame[0]) << 16) | (u32::from(frame[1]) << 8) | u32::from(frame[2])
}

fn stream(frame: &[u8]) -> u32 {
    u32::from_be_bytes(frame[5..9].try_into().unwrap()) % (1 << 31)
}

fn is_whole(frame: &[u8]) -> bool {
    frame.len() >= 9 && frame.len() == 9 + length(frame) as usize
}

/// Whether a header block names a pseudo-header field, or something that only the sender's table knows (RFC 7541 6). What cannot be read
/// names nothing from there on.
fn pseudo(block: &[u8]) -> bool {
    let mut rest = block;
    while let Some(first) = rest.first().copied() {
        let form = first.leading_zeros().min(3);
        let Some(index) = integer(&mut rest, 7 - form) else { return false };
        match form {
            // The size of the table.
            2 => continue,
            // A field of the tables; else a value, with a name of theirs or one of its own.
            0 => {}
            _ => {
                let name = if index == 0 { string(&mut rest) } else { Some(String::new()) };
                let (Some(name), Some(_)) = (name, string(&mut rest)) else { return false };
                if index == 0 {
                    if name.starts_with(':') {
                        return true;
                    }
                    continue;
                }
            }
        }
        // RFC 7541 appendix A: `:authority` to `:status`, and 61 in all.
        if !(15..62).contains(&index) {
            return true;
        }
    }
    false
}

fn integer(rest: &mut &[u8], bits: u32) -> Option<u64> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    let most = (1 << bits) - 1;
    let mut value = u64::from(*first) & most;
    if value < most {
        return Some(value);
    }
    for place in 0..4 {
        let (octet, behind) = rest.split_first()?;
        *rest = behind;
        value += u64::from(octet % 128) << (7 * place);
        if *octet < 128 {
            return Some(value);
        }
    }
    None
}

/// A string, of which only the beginning is told: a colon, or none.
fn string(rest: &mut &[u8]) -> Option<String> {
    let huffman = rest.first()? & 0x80 != 0;
    let length = usize::try_from(integer(rest, 7)?).ok()?;
    let text = rest.get(..length)?;
    *rest = &rest[length..];
    let bits: String = text.iter().take(1).map(|octet| format!("{octet:08b}")).collect();
    // RFC 7541 appendix B.
    let colon = if huffman { bits.starts_with("1011100") } else { text.first() == Some(&b':') };
    Some(if colon { ":".to_owned() } else { String::new() })
}
