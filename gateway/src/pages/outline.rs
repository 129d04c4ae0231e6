//! Public information (art. 22): what the system is, and the facilities that agreed to be named.

use askama::Template;
use model::Timestamp;

use super::desk::Phone;
use super::frame::Frame;
use super::shown::Shown;

/// The public page.
#[derive(Template)]
#[template(path = "outline.html")]
pub struct Outline<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Facilities that agreed to be named (22-2); nobody else.
    pub facilities: &'a [FacilityListing<'a>],
    /// The service is stopped (art. 26).
    pub stop: Option<Stop<'a>>,
}

/// A facility as the public sees it.
#[derive(Clone, Copy, Debug)]
pub struct FacilityListing<'a> {
    /// Its name.
    pub name: Shown<'a>,
    /// Its address.
    pub address: Shown<'a>,
    /// Its telephone number.
    pub phone: &'a Phone,
}

/// The service is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'a> {
    /// Since when.
    pub since: Timestamp,
    /// What the city says about it, if anything.
    pub words: Option<Shown<'a>>,
}

impl Outline<'_> {
    fn title(&self) -> String {
        self.frame.say("outline-title")
    }

    fn count(&self) -> String {
        self.frame.say_count("outline-facilities-count", u64::try_from(self.facilities.len()).unwrap_or(u64::MAX))
    }
}
