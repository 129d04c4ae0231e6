//! Identifiers drawn where the command line names none.

use ca::{Random, SystemRandom};

use crate::error::Error;

/// No 0 and o, no 1, i and l: read aloud without asking back.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Random characters: about 49 bits, so that nobody meets a number twice or guesses the next.
const CHARACTERS: usize = 10;

/// What was given, or a fresh one such as `F-k3vd9xq2mn`.
pub(crate) fn given_or_drawn<T>(given: Option<&str>, prefix: &str) -> Result<T, Error>
where
    T: std::str::FromStr<Err = model::IdError>,
{
    let text = match given {
        Some(text) => text.to_owned(),
        None => draw(prefix)?,
    };
    parse(&text)
}

/// An identifier somebody typed.
pub(crate) fn parse<T>(text: &str) -> Result<T, Error>
where
    T: std::str::FromStr<Err = model::IdError>,
{
    text.parse().map_err(|error| Error::usage(format_args!("`{text}`: {error}")))
}

fn draw(prefix: &str) -> Result<String, Error> {
    let random = SystemRandom::new();
    let mut text = format!("{prefix}-");
    let wanted = text.len().saturating_add(CHARACTERS);
    while text.len() < wanted {
        let mut octet = [0_u8];
        random.fill(&mut octet).map_err(Error::authority("drawing an identifier"))?;
        // 248 is the largest multiple of 31 in an octet: beyond it the first letters would be likelier.
        let place = octet.first().copied().filter(|octet| *octet < 248).map(|octet| usize::from(octet % 31));
        if let Some(character) = place.and_then(|place| ALPHABET.get(place)) {
            text.push(char::from(*character));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use model::{DeviceId, FacilityId};

    use super::*;

    #[test]
    fn drawn_identifiers_fit_the_grammar_and_differ() {
        let draw = || given_or_drawn::<FacilityId>(None, "F").unwrap();
        let (one, other) = (draw(), draw());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 12);
        assert!(one.as_str().starts_with("F-"));
    }

    #[test]
    fn given_identifiers_are_taken_or_refused_with_their_text() {
        assert_eq!(given_or_drawn::<DeviceId>(Some("D-1"), "D").unwrap().as_str(), "D-1");
        let error = given_or_drawn::<DeviceId>(Some("D 1"), "D").unwrap_err().to_string();
        assert!(error.contains("`D 1`"), "{error}");
    }
}
