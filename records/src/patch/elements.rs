//! Which elements a type has, whether they repeat, and what they hold: what FHIRPath Patch needs to know to put a value in
//! its place. The table is made from the published definitions (FHIR R4 `profiles-types`, `profiles-resources`) by a test.

use std::collections::HashMap;
use std::sync::LazyLock;

/// An element of a type.
#[derive(Debug)]
pub(super) struct Element {
    /// Its name in FHIRPath: `value`, whatever the type of the value is.
    pub(super) name: &'static str,
    pub(super) repeats: bool,
    /// The members of JSON that it may be, each with its type: one, or for a choice (`value[x]`) several.
    pub(super) members: Vec<(String, &'static str)>,
}

/// `Type`, then a line for each element: `name Type`, `name* Type` where it repeats, `name[x] Type Type` for a choice.
const TEXT: &str = include_str!("elements.txt");

static TABLE: LazyLock<HashMap<&'static str, Vec<Element>>> = LazyLock::new(|| {
    let mut table: HashMap<&'static str, Vec<Element>> = HashMap::new();
    let mut elements = None;
    for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix(' ') {
            None => elements = Some(table.entry(line).or_default()),
            Some(line) => {
                let (name, types) = line.split_once(' ').unwrap_or((line, ""));
                let (name, repeats) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
                let choice = name.strip_suffix("[x]");
                let member = |of: &'static str| match choice {
                    Some(stem) => (format!("{stem}{}", capital(of)), of),
                    None => (name.to_owned(), of),
                };
                let members = types.split(' ').map(member).collect();
                if let Some(elements) = &mut elements {
                    elements.push(Element { name: choice.unwrap_or(name), repeats, members });
                }
            }
        }
    }
    table
});

/// The element of that name.
pub(super) fn element(of: &str, name: &str) -> Option<&'static Element> {
    TABLE.get(of)?.iter().find(|element| element.name == name)
}

/// Whether a type is a plain value, such as `date`; all others are objects.
pub(super) fn is_primitive(of: &str) -> bool {
    of.starts_with(|c: char| c.is_ascii_lowercase())
}

/// The type behind `value` in the name of a choice: `valueDateTime` for `dateTime`.
pub(super) fn capital(of: &str) -> String {
    let mut characters = of.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}
