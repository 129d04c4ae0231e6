//! The store's side: connections kept alive ([`pool`], and [`calls`] for gRPC) and who we say is asking ([`identity`]).

pub mod calls;
pub mod identity;
pub mod paced;
pub mod pool;
