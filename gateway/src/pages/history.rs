//! Own access history (art. 28): what was done under the reader's user ID.

use askama::Template;
use model::{Action, Category, PersonId, Timestamp};

use super::frame::Frame;
use super::paths::LocalPath;
use super::shown::Shown;

/// One page of the history, newest first.
#[derive(Template)]
#[template(path = "history.html")]
pub struct History<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Newest first.
    pub rows: &'a [HistoryRow<'a>],
    /// The page with older rows, if there are any.
    pub older: Option<LocalPath>,
    /// There are older rows, and the city looks them up on request.
    pub more_on_request: bool,
    /// The page with newer rows, unless this is the newest.
    pub newer: Option<LocalPath>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct HistoryRow<'a> {
    /// When.
    pub at: Timestamp,
    /// About whom.
    pub person: HistoryPerson<'a>,
    /// What was asked; none when it could not be read.
    pub action: Option<Action>,
    /// Of which kind of record; likewise.
    pub category: Option<Category>,
    /// What came of it.
    pub shared: Shared,
    /// Label of the terminal.
    pub device: Shown<'a>,
}

/// About whom a request was.
#[derive(Clone, Copy, Debug)]
pub enum HistoryPerson<'a> {
    /// A person, by name where the reader may know it now. The name is shown only on rows that were [`Shared::Done`].
    Person {
        /// As the permit named it.
        id: &'a PersonId,
        /// Name, where it is known and may be shown.
        name: Option<Shown<'a>>,
    },
    /// More than one person; holds how many.
    Several(usize),
    /// Names of professionals and facilities: nobody's record.
    Nobody,
    /// Refused: nothing is told, not even whether there is such a person or record (promise P4).
    NotTold,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Served.
    Done,
    /// Refused.
    Refused,
    /// Permitted, and broken off or failed.
    BrokenOff,
}

impl History<'_> {
    fn title(&self) -> String {
        self.frame.say("history-title")
    }

    fn person(&self, row: &HistoryRow<'_>) -> String {
        match row.person {
            HistoryPerson::Person { name: Some(name), .. } if row.shared == Shared::Done => name.to_string(),
            HistoryPerson::Person { id, .. } => id.to_string(),
            HistoryPerson::Several(count) => {
                self.frame.say_count("history-several", u64::try_from(count).unwrap_or(u64::MAX))
            }
            HistoryPerson::Nobody => self.frame.say("history-nobody"),
            HistoryPerson::NotTold => self.frame.say("history-not-told"),
        }
    }

    fn action(&self, action: &Option<Action>) -> String {
        let Some(action) = action else { return self.frame.say("history-not-told") };
        self.frame.say(match action {
            Action::Read => "action-read",
            Action::Search => "action-search",
            Action::Create => "action-create",
            Action::Update => "action-update",
            Action::Delete => "action-delete",
        })
    }

    fn category(&self, category: &Option<Category>) -> String {
        let Some(category) = category else { return self.frame.say("history-not-told") };
        self.frame.say(match category {
            Category::Demographics => "category-demographics",
            Category::Team => "category-team",
            Category::Consent => "category-consent",
            Category::Note => "category-note",
            Category::Observation => "category-observation",
            Category::Document => "category-document",
            Category::Plan => "category-plan",
            Category::Medication => "category-medication",
            Category::Condition => "category-condition",
            Category::Directory => "category-directory",
        })
    }

    fn shared(&self, shared: &Shared) -> String {
        self.frame.say(match shared {
            Shared::Done => "shared-done",
            Shared::Refused => "shared-refused",
            Shared::BrokenOff => "shared-broken-off",
        })
    }
}
