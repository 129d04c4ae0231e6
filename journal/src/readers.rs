//! The readers: threads with a connection each, so that reading never waits for writing.
//!
//! Callers may sit on an async runtime's thread, where PostgreSQL's blocking client must not run; so every connection
//! lives on a thread of ours, and callers only wait for the answer.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{self, Connection};
use crate::{JournalError, Place};

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// The way to the readers.
#[derive(Debug)]
pub(crate) struct Readers {
    jobs: Sender<Job>,
}

impl Readers {
    /// Starts the threads. They end when this is dropped.
    pub(crate) fn start(place: &Place, count: usize) -> Result<Self, JournalError> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let (waiting, place) = (Arc::clone(&waiting), place.clone());
            engine::spawn(&place.clone(), "journal-reader", move || serve(&waiting, place))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `work` on a reader's connection and waits for it. Broken connections are made anew, once per call.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, answered) = mpsc::sync_channel(1);
        // The receiver waits below; it can only be gone if its thread was killed, and then nobody asks.
        let job: Job = Box::new(move |desk| drop(answer.send(desk.run(&work))));
        self.jobs.send(job).map_err(|_| JournalError::Closed)?;
        answered.recv().map_err(|_| JournalError::Closed)?
    }
}

fn serve(waiting: &Mutex<Receiver<Job>>, place: Place) {
    let mut desk = Desk { place, connection: None };
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
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
