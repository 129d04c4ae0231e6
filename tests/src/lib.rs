//! House rules and end-to-end tests over real sockets.
//!
//! One test binary: `house` holds the rules of the house (floors, dependency table, words), `world` starts a whole
//! city on loopback (store, gateway, terminals), and each other module is a set of sentences about it.

#![cfg(test)]

mod authors;
mod balancers;
mod browser;
mod bundles;
mod bypasses;
mod calls;
mod care;
mod crash;
mod cutting;
mod drain;
mod emergencies;
mod ending;
mod external;
mod faults;
mod handshakes;
mod head;
mod hello;
mod house;
mod interactions;
mod ipv6;
mod learned;
mod limits;
mod look_ups;
mod maps;
mod nodes;
mod offered;
mod pki;
mod refusals;
mod replay;
mod revocations;
mod rules;
mod search;
mod set_up;
mod sign_in;
mod silence;
mod situations;
mod sockets;
mod stores;
mod strangers;
mod strict;
mod suspensions;
mod system_calls;
mod tls;
mod transfers;
mod untaken;
mod uploads;
mod versions;
mod world;
mod writes;
