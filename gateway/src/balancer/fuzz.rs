//! The target's function over its seeds (`fuzz/corpus/proxy_header`), whole, cut and with every bit turned.

#[path = "../../../fuzz/proxy_header.rs"]
mod proxy_header;

use std::path::Path;

#[test]
fn seeds_hold_what_fuzzing_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/proxy_header");
    let seeds = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let (mut all, mut named) = (0, 0);
    for whole in seeds {
        all += 1;
        named += usize::from(proxy_header::proxy_header(&whole).is_some());
        for at in 0..whole.len() {
            proxy_header::proxy_header(&whole[..at]);
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                proxy_header::proxy_header(&damaged);
            }
        }
    }
    assert!(all >= 12 && named >= 6, "{named} of {all}");
}
