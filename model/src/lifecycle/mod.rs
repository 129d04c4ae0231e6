//! Lifecycles as tables: the article, the states, the transitions; whatever is not in the table is refused.
//!
//! `model/lifecycles.txt` shows every state x event; a test keeps it equal to the tables, so that a change of a
//! lifecycle is a diff the city office can read.

pub mod break_glass;
pub mod certificate;
pub mod confirmation;
pub mod consent;
pub mod deletion;
pub mod facility;
pub mod service;
pub mod user_id;

use std::fmt;

/// An event that the lifecycle does not allow in this state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: `{event}` is not possible while `{state}`")]
pub struct NotAllowed {
    /// Whose lifecycle.
    pub what: &'static str,
    /// The state it is in.
    pub state: &'static str,
    /// The event that was tried.
    pub event: &'static str,
}

/// Defines one lifecycle: states, events and the table of transitions.
macro_rules! lifecycle {
    (
        $what:literal;
        $(#[$smeta:meta])* states { $($(#[$svmeta:meta])* $state:ident = $stext:literal),+ $(,)? }
        $(#[$emeta:meta])* events { $($(#[$evmeta:meta])* $event:ident = $etext:literal),+ $(,)? }
        table { $($from:ident + $on:ident => $to:ident),+ $(,)? }
    ) => {
        $crate::words! { $(#[$smeta])* pub enum State ($what) { $($(#[$svmeta])* $state = $stext),+ } }
        $crate::words! { $(#[$emeta])* pub enum Event ("event") { $($(#[$evmeta])* $event = $etext),+ } }

        /// Every transition there is.
        pub const TRANSITIONS: &[(State, Event, State)] = &[$((State::$from, Event::$on, State::$to)),+];

        impl State {
            /// The state after `event`.
            ///
            /// # Errors
            /// The table has no such transition.
            pub fn after(self, event: Event) -> Result<State, $crate::lifecycle::NotAllowed> {
                TRANSITIONS
                    .iter()
                    .find(|(from, on, _)| *from == self && *on == event)
                    .map(|(_, _, to)| *to)
                    .ok_or($crate::lifecycle::NotAllowed { what: $what, state: self.as_str(), event: event.as_str() })
            }
        }

        /// The full matrix of states and events, as text.
        #[must_use]
        pub fn matrix() -> String {
            $crate::lifecycle::matrix($what, State::ALL, Event::ALL, State::as_str, Event::as_str, |state, event| {
                state.after(event).ok().map(State::as_str)
            })
        }
    };
}
pub(crate) use lifecycle;

/// Draws a matrix: one line a state, one column an event, `-` where the event is refused.
fn matrix<S: Copy, E: Copy>(
    what: &str,
    states: &[S],
    events: &[E],
    state_text: impl Fn(S) -> &'static str,
    event_text: impl Fn(E) -> &'static str,
    after: impl Fn(S, E) -> Option<&'static str>,
) -> String {
    let wide = |texts: &mut dyn Iterator<Item = &'static str>| texts.map(str::len).max().unwrap_or(0);
    let first = wide(&mut states.iter().map(|s| state_text(*s))).max(what.len());
    let mut lines = Vec::new();
    let mut head = format!("{what:first$}");
    let mut rows: Vec<String> = states.iter().map(|s| format!("{:first$}", state_text(*s))).collect();
    for event in events {
        let cells: Vec<&str> = states.iter().map(|s| after(*s, *event).unwrap_or("-")).collect();
        let width = cells.iter().map(|c| c.len()).max().unwrap_or(1).max(event_text(*event).len());
        head.push_str(&format!("  {:width$}", event_text(*event)));
        for (row, cell) in rows.iter_mut().zip(&cells) {
            row.push_str(&format!("  {cell:width$}"));
        }
    }
    lines.push(head.trim_end().to_owned());
    lines.extend(rows.iter().map(|row| row.trim_end().to_owned()));
    lines.join("\n")
}

/// All lifecycles, as kept in `model/lifecycles.txt`.
#[must_use]
pub fn all() -> impl fmt::Display {
    [
        ("Facility: application, review, closing (art. 6, 8, 9, 13)", facility::matrix()),
        ("User ID: granted, used, suspended, ended (art. 10, 12, 13, 29)", user_id::matrix()),
        ("Device certificate (art. 38)", certificate::matrix()),
        ("Confirmation of a revocation (art. 38-3)", confirmation::matrix()),
        ("Consent and support stopped (art. 17, 21)", consent::matrix()),
        ("Service: stop and disaster use (art. 21, 26, 27)", service::matrix()),
        ("Deletion order: two officers (art. 17-2, 19-2)", deletion::matrix()),
        ("Break-glass: a rule that the city has yet to issue (art. 41)", break_glass::matrix()),
    ]
    .map(|(title, matrix)| format!("# {title}\n\n{matrix}\n"))
    .join("\n")
}
