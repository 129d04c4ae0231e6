//! Cutting: what is alive is known, and ends at once when its reason ends (promise P2).
//!
//! [`socket`] is the layer below TLS: a flag checked on every read and write, and a reset that also throws away what
//! lies in the kernel's send queue. [`live`] knows every open connection and every exchange in flight by certificate,
//! device, user ID, user, facility and person, and each exchange has a [`switch`]. [`cutter`] listens to the registry and judges
//! anew those that a change affects.

pub mod cutter;
pub mod live;
pub mod receipts;
pub mod socket;
pub mod switch;

#[cfg(test)]
mod tests;
