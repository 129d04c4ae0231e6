//! Frames of a WebSocket (RFC 6455 5), read strictly and written anew as they come: a frame that comes in is a frame that goes
//! out, its payload is never held, and what a peer may not send never reaches the other side. No extension is negotiated, so
//! the reserved bits are zero.

mod head;
mod text;

use aws_lc_rs::rand;

use self::head::{MASKED, parse, write};
use self::text::Unfinished;

/// Whose frames are read: a client masks what it sends, a server does not (RFC 6455 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The client: what it sends is masked, and masked anew for the store.
    Client,
    /// The store: what it sends is not masked, nor is what goes on.
    Store,
}

/// What ends a tunnel, and with which code (RFC 6455 7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It is no frame, or none that may come here.
    Protocol(&'static str),
    /// A text that is not UTF-8.
    NoText,
    /// Whoever may only listen says something.
    Speaks,
    /// A message that is longer than the route allows.
    TooLong,
    /// The system gives no random octets to mask with.
    NoMask,
}

impl Breach {
    /// The code that the sender is told.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::NoText => 1007,
            Self::Speaks => 1008,
            Self::TooLong => 1009,
            Self::NoMask => 1011,
        }
    }

    /// What it was, for the log.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Protocol(what) => what,
            Self::NoText => "is a text that is not UTF-8",
            Self::Speaks => "is a message where only listening is permitted",
            Self::TooLong => "is a message that is too long",
            Self::NoMask => "cannot be masked",
        }
    }
}

/// The longest payload of a control frame (RFC 6455 5.5).
pub const CONTROL_BYTES_MAX: usize = 125;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// One direction of a tunnel.
pub struct Frames {
    sender: Sender,
    /// Messages may come; else control frames alone.
    speaks: bool,
    message_bytes_max: u64,
    /// The head of a frame, as far as it has come.
    head: Vec<u8>,
    place: Place,
    /// The message whose frames are coming.
    message: Option<Message>,
    closed: bool,
    /// Octets of payload that went on, and were not told yet.
    carried: u64,
}

/// Where in a frame the next octet belongs.
enum Place {
    Head,
    /// In a data frame.
    Data {
        left: u64,
        last: bool,
        masks: Masks,
    },
    /// In a control frame, which is at most [`CONTROL_BYTES_MAX`] and goes on whole.
    Control {
        opcode: u8,
        length: usize,
        key: [u8; 4],
        payload: Vec<u8>,
    },
}

/// The sender's mask, ours, and how far in the frame it is.
struct Masks {
    theirs: Option<[u8; 4]>,
    ours: Option<[u8; 4]>,
    at: usize,
}

/// A message in several frames, or the one of the frame that is coming.
struct Message {
    octets: u64,
    /// Of a text: an end of a character that has not come.
    text: Option<Unfinished>,
}

impl Frames {
    /// Before the first octet. `speaks`: whether the sender may send messages, or control frames alone; `message_bytes_max`: octets
    /// of payload that a message of it may have, of all its frames together.
    #[must_use]
    pub fn new(sender: Sender, speaks: bool, message_bytes_max: u64) -> Self {
        Self {
            sender,
            speaks,
            message_bytes_max,
            head: Vec::with_capacity(14),
            place: Place::Head,
            message: None,
            closed: false,
            carried: 0,
        }
    }

    /// Its sender has closed (RFC 6455 5.5.1): nothing that follows is read.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// No frame is half written: a frame of ours may stand here. Of a control frame nothing is written until all of it is there.
    #[must_use]
    pub const fn between_frames(&self) -> bool {
        matches!(self.place, Place::Head | Place::Control { .. }) && !self.closed
    }

    /// A frame has begun that is not whole yet.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        !self.head.is_empty() || !matches!(self.place, Place::Head)
    }

    /// Octets of payload that went on since this was asked last.
    pub const fn take_carried(&mut self) -> u64 {
        std::mem::replace(&mut self.carried, 0)
    }

    /// Reads a piece, wherever it was cut, and writes what goes on to the end of `out`: what stands there when a breach is told
    /// came before it.
    ///
    /// # Errors
    /// It is nothing that may come here; nothing can be read any more.
    pub fn read(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<(), Breach> {
        while !self.closed && !piece.is_empty() {
            piece = match &mut self.place {
                Place::Head => self.read_head(piece, out)?,
                Place::Data { .. } => self.read_data(piece, out)?,
                Place::Control { .. } => self.read_control(piece, out)?,
            };
        }
        Ok(())
    }

    fn read_head<'p>(&mut self, piece: &'p [u8], out: &mut Vec<u8>) -> Result<&'p [u8], Breach> {
        let needed = self.head_length()?;
        let (taken, rest) = piece.split_at(piece.len().min(needed.saturating_sub(self.head.len())));
        self.head.extend_from_slice(taken);
        if self.head.len() >= self.head_length()? {
            self.begin(out)?;
        }
        Ok(rest)
    }

    /// How long the head is, as far as can be told (RFC 6455 5.2); what is wrong with its first two octets is told first.
    fn head_length(&self) -> Result<usize, Breach> {
        let [first, second, ..] = *self.head.as_slice() else { return Ok(2) };
        let (opcode, last, length) = (first & 0x0f, first & FINAL != 0, second & !MASKED);
        if first & RESERVED != 0 {
            return Err(Breach::Protocol("has a reserved bit set"));
        }
        match opcode {
            CLOSE | PING | PONG if !last => return Err(Breach::Protocol("is a control frame in pieces")),
            CLOSE | PING | PONG if usize::from(length) > CONTROL_BYTES_MAX => {
                return Err(Breach::Protocol("is a control frame that is too long"));
            }
            CLOSE | PING | PONG => {}
            CONTINUATION | TEXT | BINARY if !self.speaks => return Err(Breach::Speaks),
            CONTINUATION if self.message.is_none() => return Err(Breach::Protocol("goes on with no message")),
            TEXT | BINARY if self.message.is_some() => return Err(Breach::Protocol("begins a message within another")),
            CONTINUATION | TEXT | BINARY => {}
            _ => return Err(Breach::Protocol("has an opcode that nothing has")),
        }
        let masked = second & MASKED != 0;
        match (self.sender, masked) {
            (Sender::Client, false) => return Err(Breach::Protocol("is a client's and not masked")),
            (Sender::Store, true) => return Err(Breach::Protocol("is a server's and masked")),
            _ => {}
        }
        let extended = match length {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        Ok(2 + extended + if masked { 4 } else { 0 })
    }

    /// The head is whole.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), Breach> {
        let head = std::mem::take(&mut self.head);
        let (first, length, theirs) = parse(&head, self.sender == Sender::Client)?;
        // Kept for the next one.
        self.head = head;
        self.head.clear();
        let (opcode, last) = (first & 0x0f, first & FINAL != 0);
        if matches!(opcode, CLOSE | PING | PONG) {
            let length = usize::try_from(length).unwrap_or(CONTROL_BYTES_MAX);
            let key = theirs.unwrap_or_default();
            self.place = Place::Control { opcode, length, key, payload: Vec::with_capacity(length) };
            return if length == 0 { self.end_control(out) } else { Ok(()) };
        }
        let message =
            self.message.get_or_insert_with(|| Message { octets: 0, text: (opcode == TEXT).then(Unfinished::default) });
        message.octets = message.octets.saturating_add(length);
        if message.octets > self.message_bytes_max {
            return Err(Breach::TooLong);
        }
        if length == 0 && last && message.text.as_ref().is_some_and(|text| !text.is_finished()) {
            return Err(Breach::NoText);
        }
        let ours = self.own_mask()?;
        write(first, length, ours, out);
        self.place = Place::Data { left: length, last, masks: Masks { theirs, ours, at: 0 } };
        if length == 0 {
            self.end_data();
        }
        Ok(())
    }

    fn read_data<'p>(&mut self, piece: &'p [u8], out: &mut Vec<u8>) -> Result<&'p [u8], Breach> {
        let Place::Data { left, last, masks } = &mut self.place else { return Ok(piece) };
        let (taken, rest) = piece.split_at(piece.len().min(usize::try_from(*left).unwrap_or(usize::MAX)));
        let begin = out.len();
        out.extend_from_slice(taken);
        let (_, passed) = out.split_at_mut(begin);
        if let Some(theirs) = masks.theirs {
            mask(passed, theirs, masks.at);
        }
        let octets = u64::try_from(taken.len()).unwrap_or(u64::MAX);
        let ends = *last && octets == *left;
        let text = self.message.as_mut().and_then(|message| message.text.as_mut());
        if text.is_some_and(|text| !text.goes_on(passed) || (ends && !text.is_finished())) {
            // Nothing of what is no text goes on.
            out.truncate(begin);
            return Err(Breach::NoText);
        }
        if let Some(ours) = masks.ours {
            mask(passed, ours, masks.at);
        }
        masks.at = masks.at.wrapping_add(taken.len());
        *left = left.saturating_sub(octets);
        self.carried = self.carried.saturating_add(octets);
        if *left == 0 {
            self.end_data();
        }
        Ok(rest)
    }

    fn end_data(&mut self) {
        if let Place::Data { last: true, .. } = std::mem::replace(&mut self.place, Place::Head) {
            self.message = None;
        }
    }

    fn read_control<'p>(&mut self, piece: &'p [u8], out: &mut Vec<u8>) -> Result<&'p [u8], Breach> {
        let Place::Control { length, payload, .. } = &mut self.place else { return Ok(piece) };
        let (taken, rest) = piece.split_at(piece.len().min(length.saturating_sub(payload.len())));
        payload.extend_from_slice(taken);
        if payload.len() == *length {
            self.end_control(out)?;
        }
        Ok(rest)
    }

    fn end_control(&mut self, out: &mut Vec<u8>) -> Result<(), Breach> {
        let Place::Control { opcode, key, mut payload, .. } = std::mem::replace(&mut self.place, Place::Head) else {
            return Ok(());
        };
        mask(&mut payload, key, 0);
        if opcode == CLOSE {
            check_close(&payload)?;
        }
        let ours = self.own_mask()?;
        control(opcode, &payload, ours, out);
        self.carried = self.carried.saturating_add(u64::try_from(payload.len()).unwrap_or(u64::MAX));
        self.closed = opcode == CLOSE;
        Ok(())
    }

    /// A close of ours with this code, towards where this direction leads. Only [`Self::between_frames`].
    ///
    /// # Errors
    /// There is no mask to be had.
    pub fn close(&self, code: u16, out: &mut Vec<u8>) -> Result<(), Breach> {
        control(CLOSE, &code.to_be_bytes(), self.own_mask()?, out);
        Ok(())
    }

    /// A ping of ours, likewise.
    ///
    /// # Errors
    /// As [`Self::close`].
    pub fn ping(&self, out: &mut Vec<u8>) -> Result<(), Breach> {
        control(PING, &[], self.own_mask()?, out);
        Ok(())
    }

    /// Towards the store we are the client: a fresh mask that nobody can foresee (RFC 6455 5.3, 10.3).
    fn own_mask(&self) -> Result<Option<[u8; 4]>, Breach> {
        match self.sender {
            Sender::Store => Ok(None),
            Sender::Client => {
                let mut key = [0; 4];
                rand::fill(&mut key).map_err(|_| Breach::NoMask)?;
                Ok(Some(key))
            }
        }
    }
}

/// A control frame, whole. `payload` is at most [`CONTROL_BYTES_MAX`].
fn control(opcode: u8, payload: &[u8], key: Option<[u8; 4]>, out: &mut Vec<u8>) {
    write(FINAL | opcode, u64::try_from(payload.len()).unwrap_or(0), key, out);
    let begin = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = key {
        mask(out.split_at_mut(begin).1, key, 0);
    }
}

/// A code that may stand in a close (RFC 6455 7.4), and a reason in UTF-8; or neither.
fn check_close(payload: &[u8]) -> Result<(), Breach> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(()) } else { Err(Breach::Protocol("is a close with half a code")) };
    };
    match u16::from_be_bytes(*code) {
        1000..=1003 | 1007..=1014 | 3000..=4999 => {}
        _ => return Err(Breach::Protocol("is a close with a code that none may have")),
    }
    std::str::from_utf8(reason).map(drop).map_err(|_| Breach::NoText)
}

/// Masks, or takes a mask off (RFC 6455 5.3); the first octet is the `at`th of its frame.
fn mask(octets: &mut [u8], mut key: [u8; 4], at: usize) {
    key.rotate_left(at % 4);
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = octets.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (octet, key) in rest.iter_mut().zip(key.into_iter().cycle()) {
        *octet ^= key;
    }
}

#[cfg(test)]
mod tests;
