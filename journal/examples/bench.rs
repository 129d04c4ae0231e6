//! Prints appends per second and the time until an append is durable, for 1 and 64 appenders at once.
//!
//! `cargo run --release -p journal --example bench -- [file | postgres-url] [seconds]`; without a place, a new file in the
//! folder for temporary files. The entries stay where they were written.

use std::error::Error;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use journal::{Journal, Place};

/// About the size of an audit entry.
const ENTRY_BYTES: usize = 600;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let place = match arguments.next() {
        Some(url) if url.contains('=') || url.starts_with("postgres") => {
            Place::Postgres { url, name: "bench".to_owned() }
        }
        Some(file) => Place::Sqlite { file: PathBuf::from(file) },
        None => Place::Sqlite { file: std::env::temp_dir().join(format!("journal-bench-{}.db", std::process::id())) },
    };
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let journal = Journal::open(&place)?;
    println!("{place}, {ENTRY_BYTES} bytes an entry, {seconds} s each");
    for appenders in [1, 64] {
        let mut times = measure(&journal, appenders, Duration::from_secs(seconds))?;
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        let rate = times.len() as u64 / seconds.max(1);
        println!("{appenders:>2} at once: {rate:>7} appends/s, durable after p50 {:?}, p99 {:?}", at(50), at(99));
    }
    let begun = Instant::now();
    let head = journal.verify(journal::Position::START)?;
    println!("verified {} entries in {:?}", head.position, begun.elapsed());
    Ok(())
}

/// Time until durable of every append, in order of nothing in particular.
fn measure(journal: &Journal, appenders: usize, length: Duration) -> Result<Vec<Duration>, Box<dyn Error>> {
    let end = Instant::now() + length;
    let append = || {
        let mut times = Vec::new();
        while Instant::now() < end {
            let begun = Instant::now();
            journal.append(vec![vec![b'x'; ENTRY_BYTES]]).wait()?;
            times.push(begun.elapsed());
        }
        Ok::<_, std::sync::Arc<journal::JournalError>>(times)
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..appenders).map(|_| scope.spawn(append)).collect();
        let mut all = Vec::new();
        for appender in running {
            all.extend(appender.join().map_err(|_| "an appender panicked")??);
        }
        Ok(all)
    })
}
