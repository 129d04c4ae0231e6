//! What issuing costs, for people to look at.

use std::time::Instant;

use super::{House, now, profile, serial};
use crate::{LeafKey, prepare, read_request, write_request};
use model::DeviceId;

/// From a request to a certificate that was checked: its signature, the lint, the authority's signature and the look at what
/// came out. In memory, on one thread, printed: `cargo test -p ca --release -- --ignored --nocapture issuing_on_one_thread`.
#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::print_stdout, reason = "a measurement for people")]
fn issuing_on_one_thread() {
    const COUNT: u32 = 5_000;
    let house = House::build();
    let device = DeviceId::new("D-0001").unwrap();
    let request = write_request(&LeafKey::generate().unwrap()).unwrap();
    let measure = |what: &str, work: &dyn Fn()| {
        let begun = Instant::now();
        (0..COUNT).for_each(|_| work());
        let each = begun.elapsed().as_secs_f64() / f64::from(COUNT);
        println!("{what}: {:.0} us, {:.0} a second", each * 1e6, 1.0 / each);
    };
    let key = read_request(&request).unwrap();
    measure("reading a request", &|| drop(read_request(&request).unwrap()));
    measure("preparing and linting", &|| {
        drop(prepare(&profile(), &device, &key, serial(), now(), &house.issuing).unwrap());
    });
    measure("all of it", &|| {
        let key = read_request(&request).unwrap();
        let prepared = prepare(&profile(), &device, &key, serial(), now(), &house.issuing).unwrap();
        drop(prepared.issue(&house.key).unwrap());
    });
}
