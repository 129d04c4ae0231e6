//! Home after signing in: previous sign-in (art. 28), the persons of the user's teams, what else there is.

use askama::Template;
use model::{PersonId, TeamRole, Timestamp, UserId};

use super::frame::Frame;
use super::paths;
use super::records_app::RecordsApp;
use super::shown::Shown;

/// The home page.
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home<'a> {
    /// Around it.
    pub frame: &'a Frame<'a>,
    /// Token of the forms.
    pub form_token: &'a str,
    /// The user's name.
    pub name: Shown<'a>,
    /// Signed in with.
    pub user_id: &'a UserId,
    /// Label of the terminal.
    pub device: Shown<'a>,
    /// The sign-in before this one; none on the first.
    pub previous: Option<PreviousSignIn<'a>>,
    /// Persons whose records this subject may read now. Whoever fills this in leaves out those that are stopped or
    /// without consent: a name here is a disclosure (promise P4).
    pub persons: &'a [TeamPerson<'a>],
    /// Where their records are read; without it their names lead nowhere.
    pub records_app: Option<&'a RecordsApp>,
    /// Emergencies that the user has declared and that stand.
    pub emergencies: &'a [StandingEmergency<'a>],
    /// Revocations that wait for him; none where he administers no facility (art. 38-3).
    pub revocations: Option<usize>,
    /// How many terminals are about to be without a certificate; none where he administers no facility.
    pub expiring: Option<usize>,
    /// When the last certificate of the terminal in use ends, if that is soon.
    pub ending: Option<Timestamp>,
    /// The user may declare one: without it nothing on the page speaks of that.
    pub may_declare: bool,
}

/// An emergency that the user has declared (art. 41-1).
#[derive(Clone, Copy, Debug)]
pub struct StandingEmergency<'a> {
    /// Its number.
    pub number: u64,
    /// About whom, as declared. No name: that would tell that there is such a person (promise P4).
    pub person: &'a PersonId,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// The sign-in before this one.
#[derive(Clone, Copy, Debug)]
pub struct PreviousSignIn<'a> {
    /// When.
    pub at: Timestamp,
    /// Label of the terminal.
    pub device: Shown<'a>,
}

/// A person on whose team the user is.
#[derive(Clone, Copy, Debug)]
pub struct TeamPerson<'a> {
    /// Who.
    pub id: &'a PersonId,
    /// Name, where it is known here.
    pub name: Option<Shown<'a>>,
    /// In which role.
    pub role: TeamRole,
}

impl Home<'_> {
    fn title(&self) -> String {
        self.frame.say("home-title")
    }

    fn paths(&self) -> (&'static str, &'static str, &'static str) {
        (paths::HISTORY, paths::PASSWORD, paths::SIGN_OUT)
    }

    fn emergency_paths(&self) -> (&'static str, &'static str) {
        (paths::EMERGENCY, paths::EMERGENCY_END)
    }

    fn terminal_paths(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        (paths::TERMINALS, paths::REVOCATIONS, paths::EXPIRING, paths::CONNECTION)
    }

    fn terminals(&self, count: &usize) -> String {
        self.frame.say_count("home-expiring-count", u64::try_from(*count).unwrap_or(u64::MAX))
    }

    fn waiting(&self, count: &usize) -> String {
        self.frame.say_count("home-revocations-waiting", u64::try_from(*count).unwrap_or(u64::MAX))
    }

    fn link(&self, person: &PersonId) -> Option<String> {
        self.records_app.map(|app| app.of(person))
    }

    fn count(&self) -> String {
        self.frame.say_count("home-persons-count", u64::try_from(self.persons.len()).unwrap_or(u64::MAX))
    }

    fn role(&self, role: &TeamRole) -> String {
        self.frame.say(match role {
            TeamRole::Member => "role-member",
            TeamRole::Substitute => "role-substitute",
            TeamRole::OnCall => "role-on-call",
        })
    }
}
