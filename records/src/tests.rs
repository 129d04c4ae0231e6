//! Cases as text files (`testdata/`), and properties.

mod bundles;
mod cases;
mod corpora;
mod fetched;
mod fuzz;
mod gathering;
mod maps;
mod news;
mod pieces;
mod properties;
mod published;
mod released;
mod tables;
mod whose;

use model::{Category, PersonId};

use crate::{Gatekeeper, Head, LookedUp, Need, Reader, ResourceAttributes, Touches, Unreadable};

/// Answers of the store to look-ups, in order: status, entity tag, body.
type Stored = Vec<Lookup>;
type Lookup = (u16, Option<String>, Vec<u8>);

/// A request with all that may be asked for.
#[derive(Clone, Debug, Default)]
struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    stored: Stored,
    /// Whom the subject may search for.
    cared_for: Vec<PersonId>,
    /// Which kinds of records he may not see.
    hidden: Vec<Category>,
}

impl Request {
    fn get(target: &str) -> Self {
        Self { method: "GET".to_owned(), target: target.to_owned(), ..Self::default() }
    }

    /// Reads until nothing more is needed, or the store is asked what the case does not answer.
    fn read(&self) -> Result<Need, Unreadable> {
        self.read_by(&Reader::default())
    }

    /// The same with maps.
    fn read_by(&self, reader: &Reader) -> Result<Need, Unreadable> {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let mut stored = self.stored.iter();
        let need = reader.read_head(&Head { method: &self.method, target: &self.target, headers: &headers })?;
        self.settle(need, &mut stored)
    }

    fn settle(&self, mut need: Need, stored: &mut std::slice::Iter<'_, Lookup>) -> Result<Need, Unreadable> {
        loop {
            need = match need {
                Need::Body(needed) => needed.read(&self.body)?,
                Need::Stored(needed) => {
                    let shown: Vec<LookedUp<'_>> = stored.by_ref().take(needed.look_ups().len()).map(shown).collect();
                    if shown.len() < needed.look_ups().len() {
                        return Ok(Need::Stored(needed));
                    }
                    needed.read(&shown)?
                }
                Need::Persons(needed) => needed.read(self.cared_for.clone())?,
                Need::Categories(needed) => {
                    let permitted: Vec<Category> = needed.wanted().iter().map(|claim| claim.category).collect();
                    let seen = |category: &Category| !self.hidden.contains(category);
                    needed.read(&permitted.into_iter().filter(seen).collect::<Vec<_>>())?
                }
                Need::Page(needed) => {
                    let ticket = opened(needed.sealed());
                    needed.read(ticket.as_deref())?
                }
                Need::Transaction(transaction) => {
                    let (needs, joining) = transaction.split();
                    let mut touched = Vec::new();
                    // As the gateway does: whatever is missing, all look-ups are made.
                    let mut missing = None;
                    for need in needs {
                        match self.settle(need, stored) {
                            Ok(Need::Done(touches)) => touched.push(touches),
                            Ok(other) => return Ok(other),
                            Err(unreadable) => missing = Some(unreadable),
                        }
                    }
                    missing.map_or(Ok(()), Err)?;
                    Need::Done(joining.join(touched)?)
                }
                done @ (Need::Done(_) | Need::Batch(_)) => return Ok(done),
            }
        }
    }

    fn touches(&self) -> Touches {
        match self.read() {
            Ok(Need::Done(touches)) => touches,
            other => panic!("{self:?}: {other:?}"),
        }
    }
}

fn shown((status, etag, body): &Lookup) -> LookedUp<'_> {
    LookedUp { status: *status, etag: etag.as_deref(), body }
}

/// A gatekeeper that goes by person and category, and seals a page by writing what it stands for.
struct Gate<F>(F);

impl<F: FnMut(&PersonId, Category) -> bool> Gatekeeper for Gate<F> {
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        self.0(attributes.person, attributes.category)
    }

    fn seal_page(&mut self, ticket: &[u8]) -> Option<String> {
        Some(ticket.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What [`Gate`] sealed.
fn opened(sealed: &str) -> Option<Vec<u8>> {
    let digits: Vec<char> = sealed.chars().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok()).collect()
}

/// The target of a page whose ticket holds these lines, ` / ` between them.
fn page(path: &str, ticket: &str) -> String {
    let sealed: String = ticket.replace(" / ", "\n").bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{path}?_page={sealed}")
}

/// A text in which the tickets of pages can be read.
fn with_tickets(text: &str) -> String {
    let mut parts = text.split("?_page=");
    let mut read = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sealed, rest) = part.split_at(part.find('"').unwrap_or(part.len()));
        let ticket = String::from_utf8(opened(sealed).unwrap()).unwrap().replace('\n', " / ");
        read.push_str(&format!("?_page={{{ticket}}}{rest}"));
    }
    read
}

fn person(id: &str) -> PersonId {
    PersonId::new(id).unwrap()
}

/// The lines of a case file, case by case: comments and blank lines between them.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let mut blocks = vec![Vec::new()];
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            blocks.push(Vec::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Runs every case of a folder: what `run` says of a case must be the lines behind `=> `. With `UPDATE_TEXTS` set the files
/// are written anew, to be reviewed as a diff. Returns the number of cases.
pub(crate) fn check_folder(folder: &str, run: impl Fn(&[&str]) -> Vec<String>) -> usize {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut count, mut differences) = (0, String::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut written = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.trim().is_empty() || line.starts_with('#') {
                written.push_str(&format!("{line}\n"));
                continue;
            }
            let mut block = vec![line];
            while let Some(line) = lines.next_if(|line| !line.trim().is_empty() && !line.starts_with('#')) {
                block.push(line);
            }
            block.retain(|line| !line.starts_with("=> "));
            count += 1;
            let said = run(&block);
            for line in block.iter().map(|line| (*line).to_owned()).chain(said.iter().map(|line| format!("=> {line}")))
            {
                written.push_str(&format!("{line}\n"));
            }
        }
        if written != text {
            differences.push_str(&format!("{}:\n{}", path.display(), difference(&text, &written)));
            if std::env::var_os("UPDATE_TEXTS").is_some() {
                std::fs::write(&path, &written).unwrap();
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
    count
}

fn difference(expected: &str, actual: &str) -> String {
    let pairs = blocks(expected).into_iter().zip(blocks(actual)).filter(|(expected, actual)| expected != actual);
    pairs.map(|(expected, actual)| format!("expected {expected:#?}\nactual   {actual:#?}\n")).collect()
}
