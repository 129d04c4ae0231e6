//! The store's side. A request goes to one of the stores ([`way`]), which are one store to whoever asks; when its turn has come
//! ([`lanes`]), to one that is there ([`circuit`], [`watch`]), over a connection that is kept alive ([`pool`], [`streams`]). It
//! says who is asking ([`identity`]).
//!
//! ```text
//! errand   what kind of request it is          lanes    how much at once, and who goes first
//! way      which store, and whether another     budget   how often another
//! pool     HTTP/1.1 to one store, of a worker   streams  the same over HTTP/2
//! dial     TCP, TLS, a socket of this machine   going, flowing  an answer on its way
//! station  what all workers know of a store     circuit  whether it is asked     watch  who looks after it
//! ```

mod budget;
pub mod circuit;
mod dial;
pub mod errand;
pub mod flowing;
pub mod going;
pub mod identity;
pub mod lanes;
pub mod paced;
pub mod pool;
pub mod settings;
pub mod station;
pub mod stores;
mod streams;
pub mod watch;
pub mod way;
