//! The office: who gives the order, here or in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, ExitCode, Stdio};
use std::sync::{Arc, Mutex};

use journal::{Journal, Place};
use model::{Article, Author, Cause, Office, SerialNumber, Target, Timestamp};
use registry::{Command, Registry, Vault};

use crate::now;
use crate::shared::world::World;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Revoke,
    Suspend,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Here,
    AnotherProcess,
}

/// Who gives the order: the gateway's own registry, or a process that has the journal's file and nothing else.
pub(crate) enum Officer {
    Here(Registry),
    There { _child: Child, orders: ChildStdin, answers: BufReader<ChildStdout> },
}

impl Officer {
    pub(crate) fn start(by: &By, world: &World) -> Arc<Mutex<Self>> {
        let officer = match by {
            By::Here => Self::Here(world.registry.clone()),
            By::AnotherProcess => {
                let mut child = std::process::Command::new(std::env::current_exe().unwrap())
                    .arg("office")
                    .arg(registry_file())
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let orders = child.stdin.take().unwrap();
                let answers = BufReader::new(child.stdout.take().unwrap());
                Self::There { _child: child, orders, answers }
            }
        };
        Arc::new(Mutex::new(officer))
    }

    /// Has an order carried out; when it was called and when it had returned.
    pub(crate) fn order(&mut self, order: &str) -> (i64, i64) {
        match self {
            Self::Here(registry) => carry_out(registry, order),
            Self::There { orders, answers, .. } => {
                writeln!(orders, "{order}").unwrap();
                let mut line = String::new();
                answers.read_line(&mut line).unwrap();
                let mut times = line.split_whitespace().map(|text| text.parse().unwrap());
                (times.next().expect("an answer"), times.next().expect("two times"))
            }
        }
    }
}

/// The city keeps its folder to itself; its journal is open in this process.
fn registry_file() -> PathBuf {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut targets = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    targets.find(|path| path.ends_with("registry.db")).expect("the registry's journal is open")
}

/// The other process: carries out the orders that come on its standard input.
pub(crate) fn office(file: &Path) -> ExitCode {
    let journal = Journal::open_existing(&Place::Sqlite { file: file.to_owned() }).unwrap();
    let registry = Registry::open(journal, Vault::new(&[3; 32]).unwrap()).unwrap();
    for line in std::io::stdin().lines() {
        let (called, returned) = carry_out(&registry, &line.unwrap());
        println!("{called} {returned}");
    }
    ExitCode::SUCCESS
}

fn carry_out(registry: &Registry, order: &str) -> (i64, i64) {
    let (verb, whom) = order.split_once(' ').unwrap();
    let command = match verb {
        "revoke" => Command::RevokeCertificate { serial: SerialNumber::parse(whom).unwrap(), because: Cause::Stolen },
        "suspend" => Command::Suspend {
            target: Target::parse(whom).unwrap(),
            reason: "試験".to_owned(),
            article: Article::paragraph(29, 1),
            until: None,
        },
        "lift" => {
            Command::Lift { target: Target::parse(whom).unwrap(), suspension: None, reason: "試験終了".to_owned() }
        }
        _ => panic!("{order}"),
    };
    let called = now();
    let at = Timestamp::from_millis(called / 1_000_000);
    registry.execute(command, Author::new(Office::CityOfficer, "officer-ito"), at).unwrap();
    (called, now())
}
