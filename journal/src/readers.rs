//! The readers: threads with a connection each, so that reading never waits for writing.
//!
//! Callers may sit on an async runtime's thread, where PostgreSQL's blocking client must not run; so every connection
//! lives on a thread of ours, and callers only wait for the answer.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::engine::{self, Connection};
use crate::{JournalError, Place};

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// The way to the readers.
#[derive(Debug)]
pub(crate) struct Readers {
    /// `None` once closed.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start(place: &Place, count: usize) -> Result<Self, JournalError> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::new();
        for _ in 0..count {
            let (waiting, place) = (Arc::clone(&waiting), place.clone());
            threads.push(engine::spawn(&place.clone(), "journal-reader", move || serve(&waiting, place))?);
        }
        Ok(Self { jobs: Some(jobs), threads })
    }

    /// Lets the threads end; they do once they have answered what was asked.
    pub(crate) fn close(&mut self) -> Vec<JoinHandle<()>> {
        self.jobs = None;
        std::mem::take(&mut self.threads)
    }

    /// Runs `work` on a reader's connection and waits for it. Broken connections are made anew, once per call.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = mpsc::sync_channel(1);
        // The receiver waits below; it can only be gone if its thread was killed, and then nobody asks.
        let job: Job = Box::new(move |desk| drop(answer.send(desk.run(&work))));
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(JournalError::Closed)?;
        answered.recv().map_err(|_| JournalError::Closed)?
    }
}

fn serve(waiting: &Mutex<Receiver<Job>>, place: Place) {
    let mut desk = Desk { place, connection: None };
    loop {
        let turn = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(job) = turn.recv() else {
            // One after another: the last connection to a file of SQLite's copies the write-ahead log back, and of two that close
            // at once each would leave that to the other.
            drop(desk);
            drop(turn);
            return;
        };
        drop(turn);
        job(&mut desk);
    }
}

/// A reader's connection, made when first needed and again when broken.
struct Desk {
    place: Place,
    connection: Option<Box<dyn Connection>>,
}

impl Desk {
    fn run<T>(&mut self, work: &dyn Fn(&mut dyn Connection) -> Result<T, JournalError>) -> Result<T, JournalError> {
        if let Some(connection) = &mut self.connection {
            match work(connection.as_mut()) {
                Err(JournalError::Unreachable { .. } | JournalError::Database { .. }) => self.connection = None,
                other => return other,
            }
        }
        let mut connection = engine::connect(&self.place)?;
        let answer = work(connection.as_mut());
        if !matches!(answer, Err(JournalError::Unreachable { .. } | JournalError::Database { .. })) {
            self.connection = Some(connection);
        }
        answer
    }
}
