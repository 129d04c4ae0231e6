//! The end of the journal: checked on each opening, cut only when somebody says so.
//!
//! The databases keep a transaction whole, so a torn end is the work of a broken disk, a half-restored backup or a hand.
//! The head record is written in the same transaction as the row but lies elsewhere, so that a lost row does not pass.

use crate::bounds::TAIL_ROWS_MAX;
use crate::chain::Chain;
use crate::engine::{Connection, Stretch};
use crate::{Head, JournalError, Position};

/// The end of a journal, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The last head that is in order: the end itself, unless that is torn.
    pub intact: Head,
    /// What the head record says.
    pub claimed: Head,
    /// Why the end does not fit; none when it does.
    pub torn: Option<String>,
}

/// What was cut off a torn end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The head now: the last entry that was in order.
    pub intact: Head,
    /// What the head record said before.
    pub claimed: Head,
    /// First position and stored bytes of each row that was taken out. They stay in the database, in `batch_cut`.
    pub rows: Vec<(Position, Vec<u8>)>,
}

/// Hashes the last rows anew and holds them against the head record.
///
/// # Errors
/// `TornTail` with the last position that is in order.
pub(crate) fn check(connection: &mut dyn Connection) -> Result<Head, JournalError> {
    let (claimed, stretch) = connection.tail(TAIL_ROWS_MAX)?;
    match examine(&claimed, &stretch) {
        Ok(()) => Ok(claimed),
        Err((intact, why)) => Err(JournalError::TornTail { intact: intact.position, why }),
    }
}

/// What [`check`] finds, for whoever wants to see a torn end too.
pub(crate) fn end(connection: &mut dyn Connection) -> Result<End, JournalError> {
    let (claimed, stretch) = connection.tail(TAIL_ROWS_MAX)?;
    Ok(match examine(&claimed, &stretch) {
        Ok(()) => End { intact: claimed, claimed, torn: None },
        Err((intact, why)) => End { intact, claimed, torn: Some(why) },
    })
}

/// Cuts what [`check`] complains of, if what stays is `keep`. `None`: nothing to cut.
///
/// # Errors
/// The damage reaches further back than an end does: that is no torn tail, and nothing is cut. Nor is it when another
/// head than `keep` would stay: somebody looked at another journal, or at another state of this one.
pub(crate) fn cut(connection: &mut dyn Connection, keep: &Head) -> Result<Option<Cut>, JournalError> {
    let (claimed, stretch) = connection.tail(TAIL_ROWS_MAX)?;
    let Err((intact, why)) = examine(&claimed, &stretch) else { return Ok(None) };
    if intact != *keep {
        return Err(JournalError::OtherHead { intact: Box::new(intact), keep: Box::new(*keep) });
    }
    let rows: Vec<_> = stretch
        .rows
        .into_iter()
        .filter(|row| row.first > intact.position.get())
        .map(|row| (Position::new(row.first), row.body))
        .collect();
    if rows.len() >= TAIL_ROWS_MAX {
        return Err(JournalError::Damaged { intact: intact.position, why });
    }
    connection.cut(&intact, &claimed)?;
    tracing::warn!(intact = intact.position.get(), claimed = claimed.position.get(), why, "journal: torn end cut");
    Ok(Some(Cut { intact, claimed, rows }))
}

/// Whether the rows fit the chain and end at the head record; else the last entry in order, and why.
fn examine(claimed: &Head, stretch: &Stretch) -> Result<(), (Head, String)> {
    let mut chain = Chain::from(stretch.before);
    for row in &stretch.rows {
        match chain.follow(row, |_, _| {}) {
            Ok(()) => {}
            Err(JournalError::Damaged { why, .. }) => return Err((chain.head(), why)),
            Err(other) => return Err((chain.head(), other.to_string())),
        }
    }
    let found = chain.head();
    if found == *claimed {
        return Ok(());
    }
    Err((found, format!("the rows end at {} and the head record says {}", found.position, claimed.position)))
}
