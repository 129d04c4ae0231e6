//! The other process: this test binary again, told by its environment what to do. Lines on its output are the only way
//! its parent knows what was acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Journal, JournalError, Place};

const TASK: &str = "SEKISHO_TEST_CHILD";
const FILE: &str = "SEKISHO_TEST_FILE";
const URL: &str = "SEKISHO_TEST_URL";
const NAME: &str = "SEKISHO_TEST_NAME";

/// Starts a child on a task; its lines come out of the reader.
pub(crate) fn start(task: &str, place: &Place) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::child::child", "--ignored", "--nocapture", "--test-threads=1"]);
    match place {
        Place::Sqlite { file } => command.env(FILE, file),
        Place::Postgres { url, name } => command.env(URL, url).env(NAME, name),
    };
    command.env(TASK, task).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Lines the child meant for us: after `:`, up to `.`; a line cut by a kill does not count.
pub(crate) fn lines(output: impl BufRead) -> impl Iterator<Item = String> {
    output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix(':').and_then(|line| line.strip_suffix('.')).map(str::to_owned))
}

/// Says a line to the parent, in one write.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n:{line}.\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Microseconds since the epoch: the clock that two processes share.
pub(crate) fn now_micros() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// Not a test: what a child runs.
#[test]
#[ignore = "the other process of other tests"]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let place = match std::env::var_os(FILE) {
        Some(file) => Place::Sqlite { file: file.into() },
        None => Place::Postgres { url: std::env::var(URL).unwrap(), name: std::env::var(NAME).unwrap() },
    };
    let journal = Journal::open(&place).unwrap();
    match task.as_str() {
        "append until killed" => append_until_killed(&journal),
        "climb" => climb(&journal),
        "append at each line" => append_at_each_line(&journal),
        _ => panic!("unknown task {task}"),
    }
}

/// Four appenders; each acknowledged call is said as `first text`.
fn append_until_killed(journal: &Journal) {
    thread::scope(|scope| {
        for appender in 0..4 {
            scope.spawn(move || {
                for number in 0_u64.. {
                    let text = format!("{}-{appender}-{number}", std::process::id());
                    let filler = vec![b'.'; (number % 700) as usize];
                    match journal.append(vec![text.clone().into_bytes(), filler]).wait() {
                        Ok(appended) => say(&format!("{} {text}", appended.first)),
                        // A server that was killed under us: go on once it is back.
                        Err(error) => {
                            say(&format!("failed {error}"));
                            thread::sleep(std::time::Duration::from_millis(20));
                        }
                    }
                }
            });
        }
    });
}

/// Wins 50 conditional appends against the parent, which does the same.
fn climb(journal: &Journal) {
    let mut won = 0;
    while won < 50 {
        let head = journal.head().unwrap().position;
        match journal.append_at(head, vec![format!("child after {head}").into_bytes()]).wait() {
            Ok(_) => won += 1,
            Err(error) => assert!(matches!(&*error, JournalError::HeadMoved { .. })),
        }
    }
    say("done");
}

/// Appends when told; says when it was durable.
fn append_at_each_line(journal: &Journal) {
    say("ready");
    for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
        let appended = journal.append(vec![b"from the child".to_vec()]).wait().unwrap();
        say(&format!("{} {}", appended.last, now_micros()));
    }
}
