//! Nothing ambiguous gets through. What a client sends over HTTP/1.1 meets a reader of ours before hyper sees an octet of it
//! ([`guard`]): a head is held back until it is whole and has one reading ([`head`]), the octets of its body are followed
//! ([`chunked`]), and the next message begins where this one ends. hyper has it only while something goes on ([`lent`]). What comes
//! over HTTP/2 has its frames counted ([`frames`]). What either of them comes to, as `http` sees it, is looked at by one function
//! ([`message`]) before anything asks for it.
//!
//! What the store answers over HTTP/1.1 meets a reader of the same kind ([`answers`]), so that a broken answer is none, and never becomes
//! two.
//!
//! All of it is strict where the RFCs let a recipient be lenient: nobody who means well sends what is refused here, and two readers
//! of one message are what smuggling is made of.

pub mod answers;
pub mod chunked;
pub mod flaw;
pub mod frames;
pub mod guard;
pub mod head;
pub mod lent;
pub(crate) mod lines;
pub mod message;
pub mod signs;
pub mod target;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
