//! One's own access history (art. 28): what was done under one's user IDs, and nobody else's.

use audit::Verdict;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{Action, Category};

use super::html;
use crate::pages::{History, HistoryPerson, HistoryRow, LocalPath, Page as _, Shared, Shown, paths};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::trace::Trace;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;

/// Rows on one page.
const ROWS: usize = 50;
/// Rows that can be paged through.
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
    let labels: Vec<String> = shown.iter().map(|entry| super::device_label(&snapshot, &entry.device)).collect();
    let rows: Vec<HistoryRow<'_>> = shown
        .iter()
        .zip(&labels)
        .map(|(entry, label)| HistoryRow {
            at: entry.at,
            person: match entry.persons.as_slice() {
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
            action: entry.action.unwrap_or(Action::Read),
            category: entry.category.unwrap_or(Category::Directory),
            shared: if entry.verdict == Verdict::Permitted { Shared::Done } else { Shared::Refused },
            device: Shown(label),
        })
        .collect();
    let page_at = |skip: usize| LocalPath::new(&format!("{}?skip={skip}", paths::HISTORY));
    let page = History {
        frame: &worker.frame(trace),
        rows: &rows,
        older: if more { page_at(skip + ROWS) } else { None },
        newer: if skip > 0 { page_at(skip.saturating_sub(ROWS)) } else { None },
    };
    Ok(html(StatusCode::OK, page.html()))
}
