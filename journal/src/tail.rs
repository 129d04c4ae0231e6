//! The end of the journal: checked on each opening, cut only when somebody says so.
//!
//! The databases keep a transaction whole, so a torn end is the work of a broken disk, a half-restored backup or a hand.
//! The head record is written in the same transaction as the row but lies elsewhere, so that a lost row does not pass.

use crate::bounds::{READ_BYTES_MAX, TAIL_ROWS_MAX};
use crate::chain::{Chain, Row};
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
/// `TornTail` with the last position that is in order; `Changed` when what does not fit lies in the middle.
pub(crate) fn check(connection: &mut dyn Connection) -> Result<Head, JournalError> {
    let (claimed, stretch) = connection.tail(TAIL_ROWS_MAX)?;
    match examine(&claimed, &stretch) {
        Ok(()) => Ok(claimed),
        Err(misfit) => {
            let Misfit { intact, why, .. } = misfit.at_the_end(&claimed)?;
            Err(JournalError::TornTail { intact: intact.position, why })
        }
    }
}

/// What [`check`] finds, for whoever wants to see a torn end too.
///
/// # Errors
/// `Changed`, or the database.
pub(crate) fn end(connection: &mut dyn Connection) -> Result<End, JournalError> {
    let (claimed, stretch) = connection.tail(TAIL_ROWS_MAX)?;
    Ok(match examine(&claimed, &stretch) {
        Ok(()) => End { intact: claimed, claimed, torn: None },
        Err(misfit) => {
            let Misfit { intact, why, .. } = misfit.at_the_end(&claimed)?;
            End { intact, claimed, torn: Some(why) }
        }
    })
}

/// Cuts what [`check`] complains of, if what stays is `keep`. `None`: nothing to cut.
///
/// # Errors
/// The damage reaches further back than an end does: that is no torn tail, and nothing is cut. Nor is it when another
/// head than `keep` would stay: somebody looked at another journal, or at another state of this one.
pub(crate) fn cut(connection: &mut dyn Connection, keep: &Head) -> Result<Option<Cut>, JournalError> {
    let (claimed, stretch) = connection.tail(TAIL_ROWS_MAX)?;
    let Err(misfit) = examine(&claimed, &stretch) else { return Ok(None) };
    let Misfit { intact, why, .. } = misfit.at_the_end(&claimed)?;
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

/// What does not fit.
struct Misfit {
    /// The last entry in order before it.
    intact: Head,
    why: String,
    /// The last entry of what does not fit, if something behind it goes on from what was there.
    changed_to: Option<Position>,
}

impl Misfit {
    /// It, if it lies at the end.
    ///
    /// # Errors
    /// `Changed`: it lies in the middle.
    fn at_the_end(self, claimed: &Head) -> Result<Self, JournalError> {
        let Some(last) = self.changed_to else { return Ok(self) };
        let behind = claimed.position.get().saturating_sub(last.get());
        Err(JournalError::Changed { first: self.intact.position.plus(1), last, behind, why: self.why })
    }
}

/// What is to be said of a row that does not fit, found where the whole chain is followed.
pub(crate) fn misfit(
    connection: &mut dyn Connection,
    chain: Chain,
    error: JournalError,
    claimed: &Head,
) -> JournalError {
    let JournalError::Damaged { intact, why } = error else { return error };
    let Ok(stretch) = connection.rows(intact.plus(1), TAIL_ROWS_MAX, READ_BYTES_MAX) else {
        return JournalError::Damaged { intact, why };
    };
    let behind: Vec<Row> = stretch.rows.into_iter().filter(|row| row.last() > intact.get()).collect();
    let changed_to = changed_to(chain, &behind);
    match (Misfit { intact: chain.head(), why: why.clone(), changed_to }).at_the_end(claimed) {
        Ok(_) => JournalError::Damaged { intact, why },
        Err(changed) => changed,
    }
}

/// Where the rows go on, the first of which does not fit.
fn changed_to(chain: Chain, rows: &[Row]) -> Option<Position> {
    let mut pairs = rows.iter().zip(rows.iter().skip(1));
    pairs.find(|(misfit, behind)| chain.goes_on(misfit, behind)).map(|(misfit, _)| Position::new(misfit.last()))
}

/// Whether the rows fit the chain and end at the head record.
fn examine(claimed: &Head, stretch: &Stretch) -> Result<(), Misfit> {
    let mut chain = Chain::from(stretch.before);
    for (place, row) in stretch.rows.iter().enumerate() {
        if let Err(error) = chain.follow(row, |_, _| {}) {
            let why = match error {
                JournalError::Damaged { why, .. } => why,
                other => other.to_string(),
            };
            let behind = stretch.rows.get(place..).unwrap_or_default();
            return Err(Misfit { intact: chain.head(), why, changed_to: changed_to(chain, behind) });
        }
    }
    let found = chain.head();
    if found == *claimed {
        return Ok(());
    }
    let why = format!("the rows end at {} and the head record says {}", found.position, claimed.position);
    Err(Misfit { intact: found, why, changed_to: None })
}
