//! Frames as they pass, either way: their heads are read, their payloads skipped but for a few octets.

use super::Breach;
use super::budget::Budget;
use super::trailers::is_of_pseudo_fields;
use crate::bounds::{
    H2_BLOCK_FRAMES_MAX, H2_BODY_BYTES_PER_IDLE_FRAME, H2_CRUMB_BYTES, H2_CRUMBS_MAX, H2_CRUMBS_PER_SECOND,
    H2_IDLE_FRAMES_MAX, H2_IDLE_FRAMES_PER_SECOND, H2_RESETS_MAX, H2_RESETS_PER_SECOND, H2_SETTINGS_COST,
    HEADER_BYTES_MAX,
};

/// RFC 9113 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITIES: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// RFC 9113 3.4.
const PREFACE: usize = 24;
/// RFC 9113 6.5.2: what is agreed on unless it is said otherwise, which hyper does not.
const FRAME_OCTETS_MAX: u32 = 16_384;

/// The head of a frame.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    length: u32,
}

impl Frame {
    const fn read(head: [u8; 9]) -> Self {
        let [l1, l2, l3, kind, flags, s1, s2, s3, s4] = head;
        Self {
            kind,
            flags,
            stream: u32::from_be_bytes([s1, s2, s3, s4]) & 0x7fff_ffff,
            length: u32::from_be_bytes([0, l1, l2, l3]),
        }
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// RFC 9113 4.2, 6: whether it is as long as one of its kind can be.
    const fn fits(&self) -> bool {
        match self.kind {
            PRIORITIES => self.length == 5,
            RST_STREAM | WINDOW_UPDATE => self.length == 4,
            SETTINGS if self.has(ACK) => self.length == 0,
            SETTINGS => self.length.is_multiple_of(6) && self.length <= FRAME_OCTETS_MAX,
            PING => self.length == 8,
            GOAWAY => self.length >= 8 && self.length <= FRAME_OCTETS_MAX,
            _ => self.length <= FRAME_OCTETS_MAX,
        }
    }
}

/// Finds the heads of frames in what passes.
#[derive(Debug, Default)]
struct Walk {
    head: [u8; 9],
    have: usize,
    /// Octets of a payload to come.
    left: usize,
}

/// What comes next.
enum Step<'a> {
    Head(Frame),
    /// Some of the payload of the frame whose head came last.
    Payload(&'a [u8]),
}

impl Walk {
    fn next<'a>(&mut self, octets: &mut &'a [u8]) -> Option<Step<'a>> {
        if self.left > 0 {
            let (payload, rest) = octets.split_at_checked(self.left).unwrap_or((octets, &[]));
            (self.left, *octets) = (self.left - payload.len(), rest);
            return (!payload.is_empty()).then_some(Step::Payload(payload));
        }
        while self.have < self.head.len() {
            let (octet, rest) = octets.split_first()?;
            if let Some(place) = self.head.get_mut(self.have) {
                *place = *octet;
            }
            (self.have, *octets) = (self.have + 1, rest);
        }
        let frame = Frame::read(self.head);
        (self.have, self.left) = (0, usize::try_from(frame.length).unwrap_or(usize::MAX));
        Some(Step::Head(frame))
    }

    const fn is_between(&self) -> bool {
        self.have == 0 && self.left == 0
    }
}

/// What comes from the client.
#[derive(Debug)]
pub(super) struct Inbound {
    /// Octets of the preface to come.
    preface: usize,
    /// Its settings have come (RFC 9113 3.4).
    begun: bool,
    walk: Walk,
    frame: Frame,
    block: Option<Block>,
    highest: u32,
    idle: Budget,
    resets: Budget,
    crumbs: Budget,
    /// Octets of bodies that have not yet allowed for anything.
    moved: u32,
    exceeded: Option<Breach>,
}

/// A header block that has not ended.
#[derive(Debug, Default)]
struct Block {
    octets: usize,
    frames: u32,
    /// What there is of it, where it is of trailers.
    trailers: Option<Vec<u8>>,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            preface: PREFACE,
            begun: false,
            walk: Walk::default(),
            frame: Frame::default(),
            block: None,
            highest: 0,
            idle: Budget::new(H2_IDLE_FRAMES_MAX, H2_IDLE_FRAMES_PER_SECOND),
            resets: Budget::new(H2_RESETS_MAX, H2_RESETS_PER_SECOND),
            crumbs: Budget::new(H2_CRUMBS_MAX, H2_CRUMBS_PER_SECOND),
            moved: 0,
            exceeded: None,
        }
    }
}

impl Inbound {
    /// The stream with the highest number that the client has opened.
    pub(super) const fn highest(&self) -> u32 {
        self.highest
    }

    /// Nothing was exceeded by what went out either.
    pub(super) fn within(&self) -> Result<(), Breach> {
        self.exceeded.map_or(Ok(()), Err)
    }

    /// Something has begun that has to end soon: DATA takes as long as its octets do.
    pub(super) fn is_unfinished(&self) -> bool {
        let in_frame = !self.walk.is_between() && (self.walk.left == 0 || self.frame.kind != DATA);
        !self.begun || self.block.is_some() || in_frame
    }

    /// Follows what came.
    pub(super) fn follow(&mut self, mut octets: &[u8]) -> Result<(), Breach> {
        // Whether it is the preface, hyper sees.
        let preface = self.preface.min(octets.len());
        self.preface -= preface;
        octets = octets.get(preface..).unwrap_or_default();
        while let Some(step) = self.walk.next(&mut octets) {
            match step {
                Step::Head(frame) => {
                    self.frame = frame;
                    self.count(frame)?;
                }
                Step::Payload(payload) => self.keep(payload),
            }
            if self.walk.is_between() {
                self.ended()?;
            }
        }
        Ok(())
    }

    fn count(&mut self, frame: Frame) -> Result<(), Breach> {
        if !frame.fits() {
            return Err(Breach::size());
        }
        if !self.begun && (frame.kind != SETTINGS || frame.has(ACK)) {
            return Err(Breach::protocol("something before the settings"));
        }
        self.begun = true;
        match frame.kind {
            DATA => self.data(frame),
            HEADERS | CONTINUATION => self.block(frame),
            RST_STREAM => self.reset(),
            SETTINGS if !frame.has(ACK) => self.idle(H2_SETTINGS_COST),
            _ => self.idle(1),
        }
    }

    fn data(&mut self, frame: Frame) -> Result<(), Breach> {
        self.move_octets(frame.length);
        if frame.has(END_STREAM) || frame.length >= H2_CRUMB_BYTES {
            return Ok(());
        }
        if frame.length == 0 {
            return self.idle(4);
        }
        if self.crumbs.spend(1) { Ok(()) } else { Err(Breach::flood("bodies in crumbs")) }
    }

    fn block(&mut self, frame: Frame) -> Result<(), Breach> {
        if frame.kind == HEADERS {
            // On a stream that is there already, these are trailers (RFC 9113 8.1).
            let trailers = frame.stream <= self.highest;
            self.highest = self.highest.max(frame.stream);
            self.block = Some(Block { trailers: trailers.then(Vec::new), ..Block::default() });
        }
        // One that continues nothing is hyper's to refuse.
        let Some(block) = self.block.as_mut() else { return Ok(()) };
        block.frames += 1;
        block.octets = block.octets.saturating_add(usize::try_from(frame.length).unwrap_or(usize::MAX));
        if block.frames > H2_BLOCK_FRAMES_MAX || block.octets > HEADER_BYTES_MAX {
            return Err(Breach::flood("a header block that is too long"));
        }
        Ok(())
    }

    fn keep(&mut self, payload: &[u8]) {
        if matches!(self.frame.kind, HEADERS | CONTINUATION)
            && let Some(trailers) = self.block.as_mut().and_then(|block| block.trailers.as_mut())
        {
            trailers.extend_from_slice(payload);
        }
    }

    /// A frame is whole.
    fn ended(&mut self) -> Result<(), Breach> {
        if !matches!(self.frame.kind, HEADERS | CONTINUATION) {
            return Ok(());
        }
        let Some(block) = self.block.as_mut() else { return Ok(()) };
        if self.frame.kind == HEADERS
            && let Some(trailers) = block.trailers.as_mut()
        {
            unpad(self.frame, trailers);
        }
        if !self.frame.has(END_HEADERS) {
            return Ok(());
        }
        let trailers = self.block.take().and_then(|block| block.trailers);
        if trailers.is_some_and(|block| is_of_pseudo_fields(&block)) {
            return Err(Breach::protocol("pseudo-header fields in trailers"));
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), Breach> {
        if self.resets.spend(1) { Ok(()) } else { Err(Breach::flood("streams reset")) }
    }

    fn idle(&mut self, cost: u32) -> Result<(), Breach> {
        if self.idle.spend(cost) { Ok(()) } else { Err(Breach::flood("frames that move nothing")) }
    }

    fn move_octets(&mut self, octets: u32) {
        self.moved = self.moved.saturating_add(octets);
        self.idle.earn(self.moved / H2_BODY_BYTES_PER_IDLE_FRAME);
        self.moved %= H2_BODY_BYTES_PER_IDLE_FRAME;
    }
}

/// Takes padding and priority out of the payload of a HEADERS frame (RFC 9113 6.2). Whether they fit, hyper sees.
fn unpad(frame: Frame, payload: &mut Vec<u8>) {
    if frame.has(PADDED) && !payload.is_empty() {
        let padding = usize::from(payload.remove(0));
        payload.truncate(payload.len().saturating_sub(padding));
    }
    if frame.has(PRIORITY) {
        payload.drain(..payload.len().min(5));
    }
}

/// What goes to the client.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    walk: Walk,
}

impl Outbound {
    pub(super) const fn is_between_frames(&self) -> bool {
        self.walk.is_between()
    }

    /// Follows what went out, and tells what it comes to with what came in.
    pub(super) fn follow(&mut self, mut octets: &[u8], inbound: &mut Inbound) {
        while let Some(step) = self.walk.next(&mut octets) {
            match step {
                Step::Head(Frame { kind: DATA, length, .. }) => inbound.move_octets(length),
                // Whoever has us reset streams is as costly as who resets them.
                Step::Head(Frame { kind: RST_STREAM, .. }) => {
                    if let Err(breach) = inbound.reset() {
                        inbound.exceeded = Some(breach);
                    }
                }
                Step::Head(_) | Step::Payload(_) => {}
            }
        }
    }
}
