//! The client chain target's functions over its seeds (`fuzz/corpus/client_chain`), whole, damaged and cut.

#[path = "../../../fuzz/client_chain.rs"]
mod client_chain;

use std::path::Path;

use super::profile::tests::unsigned;

#[test]
fn seeds_hold_what_fuzzing_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/client_chain");
    let mut seeds: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    seeds.push(unsigned());
    let mut admitted = 0;
    for whole in &seeds {
        admitted += usize::from(client_chain::client_chain(whole));
        client_chain::closed(whole);
        for at in 0..whole.len() {
            // Every octet once, and the ends of the chain.
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            client_chain::client_chain(&damaged);
            if at % 7 == 0 {
                client_chain::client_chain(&whole[..at]);
                client_chain::client_chain(&whole[at..]);
            }
        }
    }
    // The good one, alone and with its anchor behind it.
    assert!(seeds.len() >= 10 && admitted == 2, "{admitted} of {}", seeds.len());
}
