//! One's own access history (art. 28): what was done under one's user IDs, and nobody else's.

use super::html;
use crate::pages::{History, HistoryPerson, HistoryRow, LocalPath, Page as _, Shared, Shown, paths};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;
use audit::{Ended, Outcome, Verdict};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;

/// Rows on one page.
const ROWS: usize = 50;
/// Rows that can be gone past; the page behind them is the last. Older ones the city looks up, for reading them may mean
/// reading the whole log.
const ROWS_MAX: usize = 200;

/// Serves the page.
///
/// # Errors
/// The audit log cannot be read.
pub async fn serve(
    worker: &Worker,
    subject: &Subject,
    request: &Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let snapshot = worker.snapshot();
    let query = request.uri().query().unwrap_or_default();
    let skip: usize = query.split('&').find_map(|pair| pair.strip_prefix("skip=")?.parse().ok()).unwrap_or(0);
    let skip = skip.min(ROWS_MAX);
    // All user IDs of the human being: a replaced one is still his history (art. 10-6).
    let user_ids: Vec<_> = snapshot.user_ids_of(subject.user()).map(|known| known.id.clone()).collect();
    let audit = worker.audit().clone();
    let entries = super::read_audit(move || audit.history_of(&user_ids, skip + ROWS + 1)).await?;
    let more = entries.len() > skip + ROWS;
    let shown: Vec<_> = entries.iter().skip(skip).take(ROWS).collect();
    let labels: Vec<String> =
        shown.iter().map(|recorded| super::device_label(&snapshot, &recorded.entry.device)).collect();
    let rows: Vec<HistoryRow<'_>> = shown
        .iter()
        .zip(&labels)
        .map(|(recorded, label)| (&recorded.entry, recorded.outcome.as_ref(), label))
        .map(|(entry, outcome, label)| HistoryRow {
            at: entry.at,
            person: match entry.persons.as_slice() {
                // A refusal tells nothing, not even afterwards: whose a record is that was looked up in vain, or whether
                // there is one, would stand here (promise P4).
                _ if entry.verdict == Verdict::Refused => HistoryPerson::NotTold,
                [] => HistoryPerson::Nobody,
                [id] => HistoryPerson::Person {
                    id,
                    // Whoever is not on the team any more does not learn today's name.
                    name: snapshot
                        .person(id)
                        .filter(|_| super::home::may_read(worker, subject, &snapshot, id))
                        .map(|person| Shown(&person.name)),
                },
                several => HistoryPerson::Several(several.len()),
            },
            action: entry.action,
            category: entry.category,
            shared: shared(entry.verdict, outcome),
            device: Shown(label),
        })
        .collect();
    let page_at = |skip: usize| LocalPath::new(&format!("{}?skip={skip}", paths::HISTORY));
    let page = History {
        frame: &worker.frame(trace),
        rows: &rows,
        older: if more && skip < ROWS_MAX { page_at(skip + ROWS) } else { None },
        more_on_request: more && skip >= ROWS_MAX,
        newer: if skip > 0 { page_at(skip.saturating_sub(ROWS)) } else { None },
    };
    Ok(html(StatusCode::OK, page.html()))
}

/// What came of a request.
const fn shared(verdict: Verdict, outcome: Option<&Outcome>) -> Shared {
    match (verdict, outcome) {
        (Verdict::Refused, _) => Shared::Refused,
        (Verdict::Permitted, Some(Outcome { ended: Ended::Completed, .. })) => Shared::Done,
        (Verdict::Permitted, Some(Outcome { ended: Ended::Refused, .. })) => Shared::Refused,
        (Verdict::Permitted, Some(_)) => Shared::BrokenOff,
        // Running, or its end was lost in a crash: as far as anybody knows it was served.
        (Verdict::Permitted, None) => Shared::Done,
    }
}
