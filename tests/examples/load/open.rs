//! At an even rate, whatever comes back.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::figures::Figures;
use crate::lean;
use crate::plan::Plan;
use crate::saturate::{ask_two, open_two};

/// After the last request was due, answers are waited for so long.
const LAST_MAX: Duration = Duration::from_secs(10);

/// Instants at an even rate, each sent when it has come. A thread sleeps more exactly than the runtime's timer.
fn evenly(rate: f64, time: Duration) -> UnboundedReceiver<Instant> {
    let (send, receive) = unbounded_channel();
    std::thread::spawn(move || {
        let started = Instant::now();
        for number in 0..asked(rate, time) {
            let due = started + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if send.send(due).is_err() {
                return;
            }
        }
    });
    receive
}

/// How many are due in so long a time.
fn asked(rate: f64, time: Duration) -> u64 {
    (rate * time.as_secs_f64()) as u64
}

/// Over HTTP/1.1 on the plan's connections; a request that is due waits for one that is free, and the wait counts.
pub(crate) async fn even(plan: &Plan, rate: f64) -> Figures {
    let figures = RefCell::new(Figures::default());
    let mut connections = Vec::new();
    for number in 0..plan.count {
        match lean::Connection::open(plan, number).await {
            Ok(connection) => connections.push((number, connection)),
            Err(error) => figures.borrow_mut().note(Instant::now(), Err(error)),
        }
    }
    figures.borrow_mut().begun = Instant::now();
    let due = Mutex::new(evenly(rate, plan.time));
    let work = connections.into_iter().map(|(number, mut connection)| {
        let (due, figures) = (&due, &figures);
        async move {
            for turn in 0.. {
                let Some(begun) = due.lock().await.recv().await else { break };
                let answer = connection.ask(&plan.request(number, turn)).await;
                let over = answer.is_err();
                figures.borrow_mut().note(begun, answer);
                if over {
                    break;
                }
            }
        }
    });
    let _ = tokio::time::timeout(plan.time + LAST_MAX, futures_util::future::join_all(work)).await;
    let mut figures = figures.into_inner();
    figures.unanswered(asked(rate, plan.time));
    figures
}

/// Over HTTP/2 on the plan's connections, each request when it is due.
pub(crate) async fn open(plan: &Plan, rate: f64) -> Figures {
    let figures = Rc::new(RefCell::new(Figures::default()));
    let mut connections = Vec::new();
    for number in 0..plan.count {
        match open_two(plan, number).await {
            Ok(connection) => connections.push(connection),
            Err(error) => figures.borrow_mut().note(Instant::now(), Err(error)),
        }
    }
    figures.borrow_mut().begun = Instant::now();
    let mut due = evenly(rate, plan.time);
    let mut going = futures_util::stream::FuturesUnordered::new();
    let mut number = 0;
    loop {
        tokio::select! {
            next = due.recv() => {
                let Some(begun) = next else { break };
                let which = number % connections.len();
                let mut connection = connections[which].clone();
                let figures = Rc::clone(&figures);
                going.push(async move {
                    let answer = ask_two(plan, which, number, &mut connection).await;
                    figures.borrow_mut().note(begun, answer);
                });
                number += 1;
            }
            Some(()) = futures_util::StreamExt::next(&mut going), if !going.is_empty() => {}
        }
    }
    let rest = async { while futures_util::StreamExt::next(&mut going).await.is_some() {} };
    let _ = tokio::time::timeout(LAST_MAX, rest).await;
    drop(going);
    let mut figures = Rc::into_inner(figures).unwrap().into_inner();
    figures.unanswered(number as u64);
    figures
}
