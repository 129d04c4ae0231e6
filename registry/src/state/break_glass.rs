//! Break-glass (art. 41): off until the city has issued a rule for it, by two officers.

use model::lifecycle::break_glass;

use super::Approval;

/// Where break-glass stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// As last moved.
    pub state: break_glass::State,
    /// Name and date of the city's rule, while there is one.
    pub rule: Option<String>,
    /// The officer who entered it, and when.
    pub proposed: Option<Approval>,
    /// The officer who issued it, and when.
    pub issued: Option<Approval>,
}

impl BreakGlass {
    /// As it is until the city decides otherwise.
    pub(crate) const OFF: Self = Self { state: break_glass::State::Off, rule: None, proposed: None, issued: None };
}
