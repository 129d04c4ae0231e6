//! "Not there", "not yours" and "stopped" are one answer in time as well (promise P4): it is given at the next of fixed moments
//! after the request arrived. What the store, the policy and the log took for it is then no longer to be seen. Pieces of an
//! answer that is made out of several of the store's are given at such moments too: how much was passed over for one is not
//! to be seen either.
//!
//! A timer wakes those who wait for the same millisecond in the order in which they began to wait. Were that when the answer is
//! known, whose look-up took a little longer would be answered a little later: 0.03 ms in the median of 5,000 pairs. So the
//! place in the queue is taken when the request arrives.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::bounds::ONE_ANSWER_EVERY;
use crate::refusal::Refusal;

/// The first of the moments after a request arrived. It has no place in the queue before [`enter`].
pub fn first(arrived: Instant) -> Sleep {
    sleep_until(arrived.checked_add(ONE_ANSWER_EVERY).unwrap_or(arrived))
}

/// Takes a place in the queue, and does not wait.
pub async fn enter(mut first: Pin<&mut Sleep>) {
    poll_fn(|context| {
        let _ = first.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Waits for the next moment, if the refusal is one of those that must not be told apart.
pub async fn one_time(first: Pin<&mut Sleep>, refusal: &Refusal) {
    if matches!(refusal, Refusal::NotAvailable) {
        next(first).await;
    }
}

/// Waits for the next moment.
pub async fn next(mut first: Pin<&mut Sleep>) {
    let late = Instant::now().saturating_duration_since(first.deadline());
    if late.is_zero() {
        return first.await;
    }
    let passed = u32::try_from(late.as_micros() / ONE_ANSWER_EVERY.as_micros()).unwrap_or(u32::MAX).saturating_add(1);
    if let Some(next) = ONE_ANSWER_EVERY.checked_mul(passed).and_then(|after| first.deadline().checked_add(after)) {
        first.as_mut().reset(next);
        first.await;
    }
}
