//! House rules and end-to-end tests over real sockets.
//!
//! One test binary: `house` holds the rules of the house (floors, dependency table, words), `world` starts a whole
//! city on loopback (store, gateway, terminals), and each other module is a set of sentences about it.

#![cfg(test)]

mod authors;
mod browser;
mod bundles;
mod bypasses;
mod care;
mod crash;
mod cutting;
mod drain;
mod emergencies;
mod ending;
mod external;
mod faults;
mod head;
mod house;
mod interactions;
mod learned;
mod limits;
mod look_ups;
mod maps;
mod nodes;
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
mod stores;
mod strangers;
mod suspensions;
mod tls;
mod untaken;
mod uploads;
mod versions;
mod world;
mod writes;
