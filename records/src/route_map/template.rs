//! Path templates: literal segments, `{person}` and `{id}`. Two names are all there are, so that nobody has to say what a
//! variable means.

use std::fmt;

use model::{PersonId, id};

use crate::bounds::SEGMENTS_MAX;
use crate::touches::RecordId;

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Person,
    Id,
}

/// What stands in the place of the variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) person: Option<PersonId>,
    pub(super) id: Option<RecordId>,
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(format!("`{text}` does not begin with /"));
        }
        let segments: Vec<Segment> = parts.map(|part| Segment::parse(part, text)).collect::<Result<_, _>>()?;
        if segments.len() > SEGMENTS_MAX {
            return Err(format!("`{text}` has more than {SEGMENTS_MAX} segments"));
        }
        for variable in [Segment::Person, Segment::Id] {
            if segments.iter().filter(|segment| **segment == variable).count() > 1 {
                return Err(format!("`{text}` holds {variable} twice"));
            }
        }
        Ok(Self(segments))
    }

    /// The first segment, if it is a literal.
    pub(super) fn first(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Literal(literal)) => Some(literal),
            _ => None,
        }
    }

    pub(super) fn has_person(&self) -> bool {
        self.0.contains(&Segment::Person)
    }

    pub(super) fn has_id(&self) -> bool {
        self.0.contains(&Segment::Id)
    }

    /// Reads the segments of a path; none if they are not of this template. What is no identifier is no value of a variable.
    pub(super) fn read(&self, segments: &[&str]) -> Option<Found> {
        if segments.len() != self.0.len() {
            return None;
        }
        let mut found = Found::default();
        for (own, given) in self.0.iter().zip(segments) {
            match own {
                Segment::Literal(literal) if literal == given => {}
                Segment::Literal(_) => return None,
                Segment::Person => found.person = Some(PersonId::new(given).ok()?),
                Segment::Id => found.id = Some(RecordId::new(given).ok()?),
            }
        }
        Some(found)
    }

    /// What keeps a path of these segments from being of this template, a phrase each; none where their number is another.
    pub(super) fn differs(&self, segments: &[&str]) -> Option<Vec<String>> {
        let pairs = || self.0.iter().zip(segments);
        (segments.len() == self.0.len()).then(|| pairs().filter_map(|(own, given)| own.differs(given)).collect())
    }

    /// How many segments it has.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether one path can be of both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(own, other)| own.meets(other))
    }

    /// The path with these values; none if one is missing.
    pub(super) fn fill(&self, found: &Found) -> Option<String> {
        let mut path = String::new();
        for segment in &self.0 {
            path.push('/');
            path.push_str(match segment {
                Segment::Literal(literal) => literal,
                Segment::Person => found.person.as_ref()?.as_str(),
                Segment::Id => found.id.as_ref()?.as_str(),
            });
        }
        Some(path)
    }
}

impl Segment {
    fn parse(part: &str, whole: &str) -> Result<Self, String> {
        match part {
            "{person}" => return Ok(Self::Person),
            "{id}" => return Ok(Self::Id),
            "" => return Err(format!("`{whole}` has an empty segment")),
            _ => {}
        }
        if part.contains(['{', '}']) {
            return Err(format!("`{whole}` holds `{part}`; the variables are {{person}} and {{id}}"));
        }
        // As in every target (`crate::target`): nothing that would need an encoding, no segment of dots.
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !plain || part.starts_with('.') || part.ends_with('.') {
            return Err(format!(
                "`{whole}` holds `{part}`; a segment is letters, digits and -_., no dot at either end"
            ));
        }
        Ok(Self::Literal(part.to_owned()))
    }

    fn differs(&self, given: &str) -> Option<String> {
        match self {
            Self::Literal(literal) if literal == given => None,
            Self::Literal(literal) => Some(format!("`{given}` stands where it has `{literal}`")),
            Self::Person | Self::Id if id::check(given).is_ok() => None,
            Self::Person | Self::Id => Some(format!("`{given}` is no {self}: letters, digits and -, at most 64")),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(own), Self::Literal(other)) => own == other,
            (Self::Literal(literal), _) | (_, Self::Literal(literal)) => id::check(literal).is_ok(),
            _ => true,
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Literal(literal) => literal,
            Self::Person => "{person}",
            Self::Id => "{id}",
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}
