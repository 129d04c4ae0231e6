//! The way to the stores: over TLS, mutual TLS, HTTP/2 and a socket of the machine, as nginx serves them; and several of them,
//! of which one is down, hangs, fails or dies.

mod front;
mod several;
mod too_much;
mod ways;
