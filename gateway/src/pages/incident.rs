//! The number under which a request can be asked about: short enough for the telephone, and whole for copying.

use super::shown::Shown;

/// Characters that are told over the telephone. Eight hexadecimal digits leave one of four thousand million requests; with
/// the hour of the call they name one.
const TOLD: usize = 8;
/// So many of them at once, as telephone numbers are read aloud.
const GROUP: usize = 4;

/// An incident number on a page.
pub struct Incident<'a>(Shown<'a>);

impl<'a> Incident<'a> {
    /// A number as logs and audit entries write it.
    #[must_use]
    pub const fn new(number: &'a str) -> Self {
        Self(Shown(number))
    }

    /// The whole number.
    #[must_use]
    pub const fn whole(&self) -> Shown<'a> {
        self.0
    }

    /// Its beginning, in groups of four.
    #[must_use]
    pub fn told(&self) -> String {
        let Shown(number) = self.0;
        let told: Vec<char> = number.chars().take(TOLD).collect();
        let groups: Vec<String> = told.chunks(GROUP).map(|group| group.iter().collect()).collect();
        Shown(&groups.join(" ")).to_string()
    }
}
