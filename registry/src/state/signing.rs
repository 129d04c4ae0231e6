//! What the authority signs beside certificates of terminals.

use model::SerialNumber;

/// What was about to be signed, so that no number is given twice, whatever crashes and whatever the clock says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// The last number of revocation lists; 0 before the first. All lists of the city count in one row.
    pub list_number: u64,
    /// Serial numbers of the last who signed answers, the newest at the end.
    pub responders: Vec<SerialNumber>,
}
