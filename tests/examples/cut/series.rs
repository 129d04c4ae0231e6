//! Trial after trial, and the table of what was seen.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::DeviceId;
use registry::Command;

use crate::office::{By, Deed, Officer};
use crate::shared::statistics::quantile;
use crate::shared::world::World;
use crate::streams::{Kind, Open, VICTIM};

/// How long an end may take before it counts as missing.
const END_MAX: Duration = Duration::from_secs(5);

/// One end: nanoseconds from the call and from its return.
struct Sample {
    kind: Kind,
    from_call: i64,
    from_return: i64,
}

#[derive(Default)]
pub(crate) struct Series {
    samples: Vec<Sample>,
    /// Call to return.
    orders: Vec<i64>,
    pub(crate) missing: usize,
    /// Fewest exchanges that were open when an order came.
    live_min: usize,
    /// Most bytes of a download that the client read from 5 ms before the order on.
    bytes_max: usize,
}

pub(crate) async fn series(
    world: &World,
    office: &mut Arc<Mutex<Officer>>,
    deed: Deed,
    by: &By,
    trials: usize,
) -> Series {
    let mut series = Series { live_min: usize::MAX, ..Series::default() };
    for trial in 0..trials {
        let name = match (deed, by) {
            (Deed::Revoke, By::Here) => "a",
            (Deed::Suspend, By::Here) => "b",
            (Deed::Revoke, By::AnotherProcess) => "c",
            (Deed::Suspend, By::AnotherProcess) => "d",
        };
        let device = format!("D-{name}{trial}");
        world.clerk(Command::RegisterDevice {
            device: DeviceId::new(&device).unwrap(),
            label: "試験端末".to_owned(),
            facility: "F-nursing".parse().unwrap(),
            holder: "K-sato".parse().unwrap(),
        });
        let open = Open::open(world, &device).await;
        world.store.tell("P-0001", r#"{"resourceType":"Communication","id":"news","person":"P-0001"}"#);
        // Not in step with anything that polls.
        tokio::time::sleep(Duration::from_micros(20_000 + (trial as u64 * 7_919) % 10_000)).await;
        series.live_min = series.live_min.min(world.living().1);
        let order = match deed {
            Deed::Revoke => format!("revoke {}", world.serial(&device)),
            Deed::Suspend => format!("suspend user-id:{VICTIM}"),
        };
        open.hurry.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (called, returned) = ordered(office, order).await;
        series.orders.push(returned - called);
        for (kind, task) in open.streams {
            match tokio::time::timeout(END_MAX, task).await {
                Ok(end) => {
                    let end = end.unwrap();
                    assert!(end.at >= called, "{} ended before it was cut: the trial shows nothing", kind.name());
                    series.bytes_max = series.bytes_max.max(end.bytes);
                    let (from_call, from_return) = (end.at - called, end.at - returned);
                    series.samples.push(Sample { kind, from_call, from_return });
                }
                Err(_) => series.missing += 1,
            }
        }
        if deed == Deed::Suspend {
            ordered(office, format!("lift user-id:{VICTIM}")).await;
        }
    }
    series
}

/// The order is given on another thread: the watching client must not wait for it.
async fn ordered(office: &Arc<Mutex<Officer>>, order: String) -> (i64, i64) {
    let office = Arc::clone(office);
    tokio::task::spawn_blocking(move || office.lock().unwrap().order(&order)).await.unwrap()
}

/// p50, p99 (nearest rank) and the largest, in milliseconds.
fn quantiles(mut nanos: Vec<i64>) -> String {
    nanos.sort_unstable();
    let at = |share: f64| quantile(&nanos, share).map_or(f64::NAN, |nanos| nanos as f64 / 1e6);
    format!("{:8.2} {:8.2} {:8.2}", at(0.5), at(0.99), at(1.0))
}

impl Series {
    pub(crate) fn print(&self, deed: Deed, by: &By, hurt: usize, neighbours: usize) {
        let what = match deed {
            Deed::Revoke => "a certificate revoked",
            Deed::Suspend => "a user ID suspended",
        };
        let by = match by {
            By::Here => "in the gateway's process",
            By::AnotherProcess => "by another process",
        };
        println!("\n{what} {by}; at least {} streams live", self.live_min);
        println!(
            "{:24} {:>6} | {:^26} | {:^26}",
            "ms", "ends", "from call: p50  p99  max", "from return: p50  p99  max"
        );
        for kind in Kind::ALL {
            self.line(kind.name(), |sample| sample.kind == kind);
        }
        self.line("all", |_| true);
        println!("{:24} {:>6} | {}", "command, call to return", self.orders.len(), quantiles(self.orders.clone()));
        println!(
            "streams that did not end: {}; neighbours hurt: {hurt} of {neighbours}; a download read at most {} kB more",
            self.missing,
            self.bytes_max / 1000
        );
    }

    fn line(&self, name: &str, which: impl Fn(&Sample) -> bool) {
        let chosen: Vec<&Sample> = self.samples.iter().filter(|sample| which(sample)).collect();
        let call = quantiles(chosen.iter().map(|sample| sample.from_call).collect());
        let returned = quantiles(chosen.iter().map(|sample| sample.from_return).collect());
        println!("{name:24} {:>6} | {call} | {returned}", chosen.len());
    }
}
