//! JSON Patch (RFC 6902) with JSON Pointers (RFC 6901), on our own tree: a number that is not touched keeps its text.

use super::fault::{PatchCause, PatchFault};
use super::place::{Changing, Step};
use super::{KEPT, place};
use crate::bounds::{JSON_DEPTH_MAX, PATCH_OPERATIONS_MAX, PATCH_PATH_BYTES_MAX};
use crate::error::quote;
use crate::json::{self, Json, Object};

/// A JSON Patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonPatch<'a> {
    operations: Vec<Operation<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Operation<'a> {
    path: Pointer,
    kind: Kind<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Add(Json<'a>),
    Remove,
    Replace(Json<'a>),
    Move(Pointer),
    Copy(Pointer),
    Test(Json<'a>),
}

impl Kind<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Remove => "remove",
            Self::Replace(_) => "replace",
            Self::Move(_) => "move",
            Self::Copy(_) => "copy",
            Self::Test(_) => "test",
        }
    }
}

impl<'a> JsonPatch<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, PatchFault> {
        let Json::List(list) = json::parse(body)? else { return Err(PatchFault::Shape("is no list of operations")) };
        if list.is_empty() {
            // It would ask for a new version in which nothing is new.
            return Err(PatchFault::Shape("holds no operation"));
        }
        if list.len() > PATCH_OPERATIONS_MAX {
            return Err(PatchFault::TooManyOperations);
        }
        let mut operations = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            let Json::Object(mut object) = value else { return Err(PatchFault::Shape("holds what is no operation")) };
            let name = quote(object.text("op").unwrap_or("?"));
            let operation = read_operation(&mut object);
            operations.push(operation.map_err(|cause| PatchFault::Operation { number: index + 1, name, cause })?);
        }
        Ok(Self { operations })
    }

    pub(super) fn apply(&'a self, resource: &Object<'a>) -> Result<Object<'a>, PatchFault> {
        let mut changing = Changing::of(resource);
        for (index, operation) in self.operations.iter().enumerate() {
            let name = operation.kind.name().to_owned();
            let done = operation.apply(&mut changing);
            done.map_err(|cause| PatchFault::Operation { number: index + 1, name, cause })?;
        }
        changing.done().ok_or(PatchFault::Shape("leaves no resource"))
    }
}

/// RFC 6902 4. Members that an operation does not define are ignored, as the RFC asks; a name given twice is refused by
/// the reader of JSON, so there is one reading.
fn read_operation<'a>(object: &mut Object<'a>) -> Result<Operation<'a>, PatchCause> {
    let path = Pointer::read(object.text("path").ok_or(PatchCause::Part("path"))?)?;
    let value = object.remove("value").ok_or(PatchCause::Part("value"));
    let from = |object: &Object<'_>| Pointer::read(object.text("from").ok_or(PatchCause::Part("from"))?);
    let kind = match object.text("op") {
        Some("add") => Kind::Add(value?),
        Some("remove") => Kind::Remove,
        Some("replace") => Kind::Replace(value?),
        Some("move") => Kind::Move(from(object)?),
        Some("copy") => Kind::Copy(from(object)?),
        Some("test") => Kind::Test(value?),
        _ => return Err(PatchCause::Unknown),
    };
    match &kind {
        Kind::Test(_) => {}
        Kind::Move(from) => {
            from.may_be_changed()?;
            path.may_be_changed()?;
            if path.tokens.len() > from.tokens.len() && path.tokens.starts_with(&from.tokens) {
                return Err(PatchCause::IntoItself(quote(&from.text)));
            }
        }
        _ => path.may_be_changed()?,
    }
    Ok(Operation { path, kind })
}

impl<'a> Operation<'a> {
    fn apply(&'a self, changing: &mut Changing<'a>) -> Result<(), PatchCause> {
        let path = &self.path;
        match &self.kind {
            Kind::Add(value) => {
                let place = path.place(changing.tree())?;
                changing.put(&place, value.clone())
            }
            Kind::Remove => {
                let place = path.found(changing.tree())?;
                changing.take(&place).map(drop)
            }
            Kind::Replace(value) => {
                let place = path.found(changing.tree())?;
                changing.replace(&place, value.clone())
            }
            Kind::Move(from) => {
                let value = changing.take(&from.found(changing.tree())?)?;
                let place = path.place(changing.tree())?;
                changing.put(&place, value)
            }
            Kind::Copy(from) => {
                let source = from.found(changing.tree())?;
                let value = changing.find(&source).cloned().ok_or_else(|| from.nothing())?;
                let place = path.place(changing.tree())?;
                changing.put(&place, value)
            }
            Kind::Test(expected) => {
                let place = path.found(changing.tree())?;
                let found = changing.find(&place).ok_or_else(|| path.nothing())?;
                if same(found, expected) { Ok(()) } else { Err(PatchCause::NotEqual(quote(&path.text))) }
            }
        }
    }
}

/// A JSON Pointer, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pointer {
    text: String,
    tokens: Vec<String>,
}

impl Pointer {
    /// RFC 6901 3 and 4. In the order of the RFC: `~1` first, then `~0`, so that `~01` is `~1`.
    fn read(text: &str) -> Result<Self, PatchCause> {
        let fault = |why| PatchCause::Path { path: quote(text), why };
        if text.len() > PATCH_PATH_BYTES_MAX {
            return Err(fault("is too long"));
        }
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(fault("does not begin with `/`"));
        }
        let mut tokens = Vec::new();
        for part in parts {
            let mut rest = part.split('~').skip(1);
            if !rest.all(|escaped| escaped.starts_with(['0', '1'])) {
                return Err(fault("holds a `~` that escapes nothing"));
            }
            tokens.push(part.replace("~1", "/").replace("~0", "~"));
        }
        if tokens.len() > JSON_DEPTH_MAX {
            return Err(fault("leads deeper than a record goes"));
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    fn nothing(&self) -> PatchCause {
        PatchCause::Nothing(quote(&self.text))
    }

    fn no_place(&self) -> PatchCause {
        PatchCause::NoPlace(quote(&self.text))
    }

    fn may_be_changed(&self) -> Result<(), PatchCause> {
        match self.tokens.first() {
            None => Err(PatchCause::Kept("the whole record".to_owned())),
            Some(first) if KEPT.contains(&first.as_str()) => Err(PatchCause::Kept(quote(first))),
            Some(_) => Ok(()),
        }
    }

    /// Steps to a value that is there.
    fn found(&self, tree: &Json<'_>) -> Result<Vec<Step<'_>>, PatchCause> {
        self.steps(tree, &self.tokens).ok_or_else(|| self.nothing())
    }

    /// Steps to where a value may be put: behind the last item of a list too, by its index or as `-`.
    fn place(&self, tree: &Json<'_>) -> Result<Vec<Step<'_>>, PatchCause> {
        let (last, above) = self.tokens.split_last().ok_or_else(|| self.no_place())?;
        let mut steps = self.steps(tree, above).ok_or_else(|| self.nothing())?;
        let step = match place::find(tree, &steps) {
            Some(Json::Object(_)) => Some(Step::Name(last)),
            Some(Json::List(list)) if last == "-" => Some(Step::Index(list.len())),
            Some(Json::List(list)) => index(last).filter(|index| *index <= list.len()).map(Step::Index),
            _ => None,
        };
        steps.push(step.ok_or_else(|| self.no_place())?);
        Ok(steps)
    }

    fn steps<'p>(&self, tree: &Json<'_>, tokens: &'p [String]) -> Option<Vec<Step<'p>>> {
        let mut steps = Vec::with_capacity(tokens.len() + 1);
        let mut value = tree;
        for token in tokens {
            let (step, next) = match value {
                Json::Object(object) => (Step::Name(token), object.get(token)?),
                Json::List(list) => {
                    let index = index(token)?;
                    (Step::Index(index), list.get(index)?)
                }
                _ => return None,
            };
            steps.push(step);
            value = next;
        }
        Some(steps)
    }
}

/// RFC 6901 4: digits without leading zeros.
fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    token.parse().ok().filter(|_| plain && token.len() <= 7)
}

/// RFC 6902 4.6: numbers by their value, objects whatever the order of their members, all else as it is.
fn same(one: &Json<'_>, other: &Json<'_>) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => Decimal::of(one) == Decimal::of(other),
        (Json::List(one), Json::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let both = |(name, value): (&str, &Json<'_>)| other.get(name).is_some_and(|other| same(value, other));
            one.members().count() == other.members().count() && one.members().all(both)
        }
        (one, other) => one == other,
    }
}

/// The value of a number: its digits without zeros at either end, and the power of ten of the last one. No float is asked:
/// it would take two numbers of 18 digits for equal.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Of a number in JSON's grammar, whose length and exponent are bounded.
    fn of(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let all = format!("{whole}{fraction}");
        let trimmed = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - trimmed.len()).unwrap_or(0);
        let digits = trimmed.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        let places = i64::try_from(fraction.len()).unwrap_or(0);
        Self { negative, digits, exponent: exponent - places + zeros }
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn numbers_are_compared_by_value() {
        for (one, other, expected) in [
            ("36.5", "36.50", true),
            ("36.5", "3.65E+1", true),
            ("0.365e2", "3650e-2", true),
            ("-0", "0.00", true),
            ("100", "1e2", true),
            ("100", "10", false),
            ("-1", "1", false),
            ("123456789012345678", "123456789012345679", false),
            ("0.1", "0.01", false),
        ] {
            assert_eq!(Decimal::of(one) == Decimal::of(other), expected, "{one} {other}");
        }
    }
}
