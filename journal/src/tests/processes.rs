//! Two processes at one journal.

use std::io::Write;
use std::time::Duration;

use super::child::{lines, now_micros, start};
use super::{Home, on_both_engines, texts};
use crate::bounds::SQLITE_ATTENTIVE;
use crate::{JournalError, Position};

on_both_engines!(two_processes_never_both_win, another_process_is_heard_soon);

fn two_processes_never_both_win(home: &Home) {
    let journal = home.journal();
    let (mut child, output) = start("climb", &home.place);
    let (mut won, mut lost) = (0, 0);
    while won < 50 {
        let head = journal.head().unwrap().position;
        match journal.append_at(head, vec![format!("parent after {head}").into_bytes()]).wait() {
            Ok(_) => won += 1,
            Err(error) => {
                assert!(matches!(&*error, JournalError::HeadMoved { .. }), "{error:?}");
                lost += 1;
            }
        }
    }
    assert_eq!(lines(output).collect::<Vec<_>>(), ["done"]);
    assert!(child.wait().unwrap().success());
    let found = texts(&journal);
    assert_eq!(found.len(), 100, "lost {lost}");
    for (number, text) in found.iter().enumerate() {
        assert!(text.ends_with(&format!(" after {number}")), "{text} at {number}");
    }
    journal.verify(Position::START).unwrap();
}

fn another_process_is_heard_soon(home: &Home) {
    let journal = home.journal();
    let mut watch = journal.watch();
    let (mut child, output) = start("append at each line", &home.place);
    let mut input = child.stdin.take().unwrap();
    let mut lines = lines(output);
    assert_eq!(lines.next().unwrap(), "ready");
    let mut delays = Vec::new();
    for number in 0..21 {
        // Now and then after a quiet time, in which nobody looks often.
        if number % 3 == 0 {
            std::thread::sleep(2 * SQLITE_ATTENTIVE);
        }
        writeln!(input, "go").unwrap();
        let seen = watch.wait_past(Position::new(number), Duration::from_secs(10));
        let seen_at = now_micros();
        assert_eq!(seen.get(), number + 1);
        let line = lines.next().unwrap();
        let (position, durable_at) = line.split_once(' ').unwrap();
        assert_eq!(position.parse::<u64>().unwrap(), number + 1);
        delays.push(seen_at.saturating_sub(durable_at.parse().unwrap()));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    delays.sort_unstable();
    // The middle one, because tests share the machine with others; alone all are within 2 ms.
    assert!(delays[10] <= 50_000, "delays in microseconds: {delays:?}");
}
