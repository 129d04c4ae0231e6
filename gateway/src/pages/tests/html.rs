//! A strict reader of the HTML we write: lower-case tags, double-quoted attributes, everything closed, every `&` an
//! entity. Whatever it cannot read is a fault of the page.

/// An element's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Language in force inside it.
    pub(super) language: String,
    /// Text inside it and its children.
    pub(super) text: String,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A read page.
pub(super) struct Html {
    pub(super) elements: Vec<Element>,
    /// Pieces of text, and of attributes that are read out, with the language in force.
    pub(super) words: Vec<(String, String)>,
}

const VOID: [&str; 4] = ["meta", "link", "input", "br"];
const READ_OUT: [&str; 4] = ["aria-label", "data-label", "title", "alt"];

impl Html {
    /// Reads a page, or panics with what is wrong.
    pub(super) fn read(page: &str) -> Self {
        let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("begins with its document type");
        let mut html = Self { elements: Vec::new(), words: Vec::new() };
        let mut open: Vec<usize> = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("</") {
                let (name, after) = after.split_once('>').expect("an end tag ends");
                let last = open.pop().unwrap_or_else(|| panic!("</{name}> closes nothing"));
                assert_eq!(html.elements[last].name, name, "closed in order");
                rest = after;
            } else if let Some(after) = rest.strip_prefix('<') {
                let inherited = open.last().map_or(String::new(), |last| html.elements[*last].language.clone());
                let (element, after) = start_tag(after, inherited);
                for (name, value) in &element.attributes {
                    if READ_OUT.contains(&name.as_str()) {
                        html.words.push((element.language.clone(), value.clone()));
                    }
                }
                let void = VOID.contains(&element.name.as_str());
                html.elements.push(element);
                if !void {
                    open.push(html.elements.len() - 1);
                }
                rest = after;
            } else {
                let end = rest.find('<').unwrap_or(rest.len());
                let text = unescaped(&rest[..end]);
                for ancestor in &open {
                    html.elements[*ancestor].text.push_str(&text);
                }
                if !text.trim().is_empty() {
                    let language = open.last().map_or(String::new(), |last| html.elements[*last].language.clone());
                    html.words.push((language, text.trim().to_owned()));
                }
                rest = &rest[end..];
            }
        }
        assert!(open.is_empty(), "everything is closed");
        html
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// Names of elements and attributes in order: what a value may never change.
    pub(super) fn skeleton(&self) -> Vec<String> {
        self.elements
            .iter()
            .map(|element| {
                let names: Vec<&str> = element.attributes.iter().map(|(name, _)| name.as_str()).collect();
                format!("{} {}", element.name, names.join(" "))
            })
            .collect()
    }
}

fn start_tag(text: &str, inherited: String) -> (Element, &str) {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let end = text.find(|c| !is_name(c)).expect("a tag ends");
    let (name, mut rest) = text.split_at(end);
    assert!(!name.is_empty(), "a bare < in text: {:.40}", text);
    let mut element =
        Element { name: name.to_owned(), attributes: Vec::new(), language: inherited, text: String::new() };
    loop {
        if let Some(after) = rest.strip_prefix('>') {
            return (element, after);
        }
        let after = rest.strip_prefix(' ').unwrap_or_else(|| panic!("one space before an attribute: {rest:.40}"));
        let end = after.find(|c| !is_name(c) && c != '_').expect("an attribute ends");
        let (key, after) = after.split_at(end);
        assert!(!key.is_empty(), "an attribute has a name: {after:.40}");
        assert!(element.get(key).is_none(), "{key} once");
        let value = match after.strip_prefix("=\"") {
            Some(after) => {
                let (value, after) = after.split_once('"').expect("a value is closed");
                assert!(!value.contains(['<', '>']), "escaped in {key}");
                rest = after;
                unescaped(value)
            }
            None => {
                rest = after;
                String::new()
            }
        };
        if key == "lang" {
            element.language.clone_from(&value);
        }
        element.attributes.push((key.to_owned(), value));
    }
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains(['<', '>']), "a bare angle bracket: {text:.60}");
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, after) = part.split_once(';').unwrap_or_else(|| panic!("a bare & in {text:.60}"));
        let number = match entity {
            "amp" => 38,
            "lt" => 60,
            "gt" => 62,
            "quot" => 34,
            _ => entity.strip_prefix('#').and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("&{entity};")),
        };
        out.push(char::from_u32(number).expect("a character"));
        out.push_str(after);
    }
    out
}

#[test]
#[should_panic(expected = "closed in order")]
fn crossed_elements_are_found() {
    Html::read("<!DOCTYPE html><p><b></p></b>");
}

#[test]
#[should_panic(expected = "a bare &")]
fn a_bare_ampersand_is_found() {
    Html::read("<!DOCTYPE html><p>a & b</p>");
}

#[test]
#[should_panic(expected = "everything is closed")]
fn an_open_element_is_found() {
    Html::read("<!DOCTYPE html><p>");
}
