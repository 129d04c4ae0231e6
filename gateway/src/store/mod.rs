//! The store's side: connections kept alive ([`pool`]) and who we say is asking ([`identity`]).

pub mod identity;
pub mod paced;
pub mod pool;
