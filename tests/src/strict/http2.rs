//! HTTP/2 at the level of frames: what RFC 9113 says of each, what a message may be made of, and floods.

mod floods;
mod frames;
mod messages;
pub(super) mod raw;
