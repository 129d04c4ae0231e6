//! Where a client comes from, as far as it says who pays for it: see [`anomaly::prefix`]; and how many connections it holds.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

pub use anomaly::{Prefix, prefix};

use crate::bounds::{CONNECTIONS_PER_SOURCE_MAX, CONNECTIONS_PER_WORKER_MAX};

/// Open connections of one worker by source.
#[derive(Default)]
pub struct Sources(RefCell<HashMap<Prefix, Rc<()>>>);

/// A connection's place in its source's share; dropped, it is given back.
pub struct Place(#[expect(dead_code, reason = "counted, never read")] Rc<()>);

impl Sources {
    /// A place for one more connection; none when the source has too many.
    pub fn enter(&self, source: IpAddr) -> Option<Place> {
        let mut held = self.0.borrow_mut();
        if held.len() > CONNECTIONS_PER_WORKER_MAX {
            held.retain(|_, places| Rc::strong_count(places) > 1);
        }
        let places = held.entry(prefix(source)).or_default();
        (Rc::strong_count(places) <= CONNECTIONS_PER_SOURCE_MAX).then(|| Place(Rc::clone(places)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_share() {
        let sources = Sources::default();
        let here: IpAddr = "192.0.2.7".parse().unwrap();
        let mut held: Vec<Place> = (0..CONNECTIONS_PER_SOURCE_MAX).map(|_| sources.enter(here).unwrap()).collect();
        assert!(sources.enter(here).is_none());
        assert!(sources.enter("::ffff:192.0.2.7".parse().unwrap()).is_none(), "the same, written otherwise");
        let neighbour = sources.enter("192.0.2.8".parse().unwrap());
        assert!(neighbour.is_some());
        held.pop();
        let again = sources.enter(here);
        assert!(again.is_some() && sources.enter(here).is_none(), "one was given back, not two");
    }

    /// Whoever has a /64 has one share, and cannot fill the memory by its addresses either.
    #[test]
    fn a_subscribers_ipv6_addresses_are_one_source() {
        let sources = Sources::default();
        let held: Vec<_> = (0..CONNECTIONS_PER_SOURCE_MAX as u128)
            .map(|host| sources.enter(IpAddr::V6((0x2001_0db8_0000_0001_u128 << 64 | host).into())).unwrap())
            .collect();
        assert!(sources.enter("2001:db8:0:1:ffff::1".parse().unwrap()).is_none());
        assert!(sources.enter("2001:db8:0:2::1".parse().unwrap()).is_some());
        assert_eq!(sources.0.borrow().len(), 2);
        drop(held);
    }
}
