//! Whose is a page? One attribute says so, in one tag of it. The page is taken apart as browsers do (WHATWG HTML 13.2.5),
//! so that what looks like a tag in a text, a comment or a script is none; markup that two readers could take apart
//! differently is refused.

use std::cell::RefCell;

use lol_html::{HtmlRewriter, Settings, element};
use model::PersonId;

use crate::error::Misbehaviour;

/// Reads the person that `marker` names; none if it does not occur.
///
/// # Errors
/// The page is ambiguous, or the attribute occurs more than once, or not with an identifier in it.
pub(super) fn person(page: &str, marker: &str) -> Result<Option<PersonId>, Misbehaviour> {
    // A byte order mark would decide on the encoding, whatever the header says.
    if page.starts_with('\u{feff}') {
        return Err(Misbehaviour::Shape("is a page that begins with a byte order mark"));
    }
    let named: RefCell<Vec<String>> = RefCell::default();
    // Of two attributes of one name in one tag a browser takes the first, and others the last: both are counted.
    let every = element!("*", |element| {
        let attributes = element.attributes().iter().filter(|attribute| attribute.name() == marker);
        named.borrow_mut().extend(attributes.map(lol_html::html_content::Attribute::value));
        Ok(())
    });
    let settings = Settings::new().append_element_content_handler(every);
    // What it would write is not needed: the page goes out as it is.
    let mut reader = HtmlRewriter::new(settings, |_: &[u8]| ());
    let ambiguous = |_| Misbehaviour::Shape("is a page with two readings");
    reader.write(page.as_bytes()).map_err(ambiguous)?;
    reader.end().map_err(ambiguous)?;
    match named.into_inner().as_slice() {
        [one] => PersonId::new(one).map(Some).map_err(|_| Misbehaviour::Shape("is a page whose marker names nobody")),
        [] => Ok(None),
        _ => Err(Misbehaviour::Shape("is a page with its marker more than once")),
    }
}
