//! SIGKILL at random moments (promise P10): nothing that was acknowledged is lost, and the chain holds.
//!
//! `SEKISHO_KILLS=2000` makes a long run of it; each engine gets as many.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::child::{lines, start};
use super::{Home, without_postgres};
use crate::testing::{Dice, Postgres};
use crate::{Head, Journal, Position};

/// Other moments in each run.
fn dice() -> Dice {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    Dice::new(u64::try_from(seed & u128::from(u64::MAX)).unwrap())
}

fn kills(default: u64) -> u64 {
    std::env::var("SEKISHO_KILLS").map_or(default, |count| count.parse().unwrap())
}

/// Checks what the dead child was told: each is there, in its place. Gives the new head and the number of entries told.
fn account(journal: &Journal, told: &[String], verified: Head) -> (Head, usize) {
    journal.holds(&verified).unwrap();
    let head = journal.verify(verified.position).unwrap();
    let mut count = 0;
    for line in told.iter().filter(|line| !line.starts_with("failed")) {
        let (first, text) = line.split_once(' ').unwrap();
        let before = Position::new(first.parse::<u64>().unwrap() - 1);
        let found = journal.read(before, 1).unwrap();
        assert_eq!(found[0].body, text.as_bytes(), "acknowledged at {first}");
        count += 1;
    }
    (head, count)
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_in_sqlite() {
    let home = Home::sqlite();
    // A second process has it open all the while, as a server has beside a command.
    let bystander = home.journal();
    let (mut dice, mut verified, mut acknowledged) = (dice(), Head::START, 0);
    for round in 0..kills(60) {
        let (mut child, output) = start("append until killed", &home.place);
        let mut said = lines(output);
        // Mostly while it appends; now and then while it still opens.
        let first = if round % 4 == 0 { None } else { said.next() };
        thread::sleep(Duration::from_millis(dice.number(40)));
        child.kill().unwrap();
        child.wait().unwrap();
        let told: Vec<_> = first.into_iter().chain(said).collect();
        // By a fresh handle: recovery must find it too.
        let (head, count) = account(&home.journal(), &told, verified);
        (verified, acknowledged) = (head, acknowledged + count);
    }
    assert!(acknowledged as u64 >= kills(60) / 2, "the children were killed while they appended: {acknowledged}");
    assert_eq!(bystander.verify(Position::START).unwrap(), verified);
}

#[test]
fn a_killed_process_or_server_loses_nothing_acknowledged_in_postgres() {
    if without_postgres() {
        return;
    }
    // A server of its own, for it is killed too.
    let server = Postgres::start().unwrap();
    let place = server.place();
    let bystander = Journal::open(&place).unwrap();
    let (mut dice, mut verified, mut acknowledged) = (dice(), Head::START, 0);
    for round in 0..kills(15) {
        let (mut child, output) = start("append until killed", &place);
        let mut said = lines(output);
        let first = said.next();
        thread::sleep(Duration::from_millis(dice.number(100)));
        match round % 3 {
            0 => {}
            1 => {
                server.kill_backends().unwrap();
                server.wait_until_it_answers().unwrap();
                thread::sleep(Duration::from_millis(dice.number(200)));
            }
            _ => {
                server.crash_server().unwrap();
                server.start_server().unwrap();
                thread::sleep(Duration::from_millis(dice.number(200)));
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let told: Vec<_> = first.into_iter().chain(said).collect();
        let (head, count) = account(&Journal::open_existing(&place).unwrap(), &told, verified);
        (verified, acknowledged) = (head, acknowledged + count);
    }
    assert!(acknowledged as u64 >= kills(15) / 2, "the children were killed while they appended: {acknowledged}");
    // The handle that was open through it all still works.
    assert_eq!(bystander.verify(Position::START).unwrap(), verified);
    bystander.append(vec![b"and goes on".to_vec()]).wait().unwrap();
}
