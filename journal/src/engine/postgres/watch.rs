//! News of commits by anybody.

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;

use super::super::Connection;
use super::Postgres;
use crate::bounds::POSTGRES_POLL;
use crate::watch::Notice;
use crate::{JournalError, Place, Position};

/// Tells the notice of commits by anybody, until it is closed. Notices bring the news at once; asking for the head now and
/// then covers lost ones, and shows that the database still answers.
pub(in crate::engine) fn watch(place: &Place, url: &str, name: &str, notice: &Notice) {
    let mut connection: Option<Postgres> = None;
    loop {
        if let Err(error) = listen(place, url, name, &mut connection, notice) {
            tracing::warn!(error = &error as &dyn std::error::Error, "journal: the database is silent");
            connection = None;
        }
        // A notice that is closed, or a short rest before asking again.
        if notice.pause(if connection.is_some() { std::time::Duration::ZERO } else { POSTGRES_POLL }) {
            return;
        }
    }
}

/// One round: the head, then notices until none came for a while.
fn listen(
    place: &Place,
    url: &str,
    name: &str,
    connection: &mut Option<Postgres>,
    notice: &Notice,
) -> Result<(), JournalError> {
    // A connection made anew behind our back would not be listening.
    if connection.as_ref().is_none_or(|known| known.client.as_ref().is_none_or(Client::is_closed)) {
        let mut fresh = Postgres::new(place, url, name)?;
        fresh.ask("watching", |client, sql| client.batch_execute(&sql.listen))?;
        *connection = Some(fresh);
    }
    let Some(postgres) = connection else { return Ok(()) };
    notice.heard(Some(postgres.head()?.position));
    postgres.ask("watching", |client, _| {
        let mut notices = client.notifications();
        let mut waiting = notices.timeout_iter(POSTGRES_POLL);
        while let Some(news) = waiting.next()? {
            notice.heard(news.payload().parse().ok().map(Position::new));
        }
        Ok(())
    })
}
