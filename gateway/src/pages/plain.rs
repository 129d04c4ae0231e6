//! Two pages that only say one thing: signed out, and no such page.

use askama::Template;

use super::Page;
use super::frame::Frame;
use super::paths;

#[derive(Template)]
#[template(path = "plain.html")]
struct Plain<'a> {
    frame: &'a Frame<'a>,
    title: &'static str,
    what: &'static str,
    link: &'static str,
    path: &'static str,
}

/// After signing out.
#[must_use]
pub fn signed_out(frame: &Frame<'_>) -> String {
    Plain { frame, title: "signed-out-title", what: "signed-out-what", link: "signed-out-again", path: paths::SIGN_IN }
        .html()
}

/// No such page. About addresses of pages only; for a record see `Refusal::NotAvailable`.
#[must_use]
pub fn not_found(frame: &Frame<'_>) -> String {
    Plain {
        frame,
        title: "refusal-no-such-page-title",
        what: "refusal-no-such-page-what",
        link: "to-home",
        path: paths::HOME,
    }
    .html()
}

impl Plain<'_> {
    fn title(&self) -> String {
        self.frame.say(self.title)
    }
}
