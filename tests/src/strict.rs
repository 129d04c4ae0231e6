//! Messages that can be read in more than one way, or in none: what a client gets for each, over raw connections, and that the
//! store sees nothing of them.

mod answers;
mod http1;
mod http2;
mod raw;
mod slow;
