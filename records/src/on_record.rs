//! What of a cause may go on record. The log cannot be deleted from, and is read by others than the record: the free text of a note
//! must not get into it because something is wrong with the note. So what stands in a body or in the store is never quoted; what
//! we call things by (parameters, types, elements, bounds), and the words of the address, which is on record anyway, may be.

use crate::error::{Misbehaviour, Unreadable};
use crate::fhir::person::Unclear;
use crate::fhir::{refused, search};
use crate::json::JsonFault;
use crate::patch::{PatchCause, PatchFault};

/// Where the words come from that an [`Unreadable`] may quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The head of a request whose address is on record too.
    Address,
    /// A body, or what is stored.
    Body,
}

impl Unreadable {
    /// The cause in one phrase, as it may go on record.
    #[must_use]
    pub fn on_record(&self, words: Words) -> String {
        match self {
            // Words of ours, and names that we know.
            Self::Target(_)
            | Self::Header { .. }
            | Self::Interaction(_)
            | Self::Value { .. }
            | Self::Missing(_)
            | Self::OnePerson
            | Self::TooManyPersons
            | Self::PageOver
            | Self::EntryForm(_)
            | Self::TooManyEntries
            | Self::TooManyQuestions
            | Self::BodyTooLarge(_)
            | Self::Body(_)
            | Self::NotThere
            | Self::StoreFailed(_)
            | Self::Stale
            | Self::Several => self.to_string(),
            Self::Method(_) | Self::Type(_) | Self::Id { .. } | Self::Parameter { .. } if words == Words::Address => {
                self.to_string()
            }
            Self::Method(_) => "a method is not served here".to_owned(),
            Self::Type(name) if refused::is_a_type(name) => self.to_string(),
            Self::Type(name) => format!("a type is not served: it {}", refused::why(name)),
            Self::Id { .. } => "what stands for a record ID is none".to_owned(),
            Self::Parameter { name, .. } if search::is_a_parameter(name) => self.to_string(),
            Self::Parameter { why, .. } => format!("a parameter {why}"),
            Self::Entry { number, cause } => format!("entry {number}: {}", cause.on_record(Words::Body)),
            Self::Json(fault) => format!("the body {}", of_json(fault)),
            Self::Person(unclear) => format!("the body {}", of_person(unclear)),
            Self::Patch(fault) => of_patch(fault),
            Self::Withheld(_) => "the stored record cannot be attributed".to_owned(),
        }
    }
}

impl Misbehaviour {
    /// What the store did, as it may go on record.
    #[must_use]
    pub fn on_record(&self) -> String {
        match self {
            Self::Json(fault) => format!("the answer of the store {}", of_json(fault)),
            // Said by us, of what was left out (`release/mod.rs`).
            Self::ForeignRecord { .. } | Self::NotSeen | Self::ContentType(_) | Self::Status(_) | Self::Shape(_) => {
                self.to_string()
            }
        }
    }
}

fn of_json(fault: &JsonFault) -> String {
    let said = match fault {
        JsonFault::Encoding
        | JsonFault::ByteOrderMark
        | JsonFault::Syntax(_)
        | JsonFault::Trailing(_)
        | JsonFault::Depth
        | JsonFault::Size
        | JsonFault::TooLong(_)
        | JsonFault::Character(_) => return fault.to_string(),
        JsonFault::TwiceNamed(_) => "gives one name twice in one object",
        JsonFault::Name(_) => "holds a name that is none of a FHIR element",
        JsonFault::MappedName(_) => "holds a name that is no plain one",
        JsonFault::Number(_) => "holds a number that is out of bounds",
    };
    said.to_owned()
}

pub(crate) fn of_person(unclear: &Unclear) -> String {
    let said = match unclear {
        Unclear::NoPerson(_) | Unclear::SeveralPersons(_) | Unclear::TooManyLinks | Unclear::TooMuchContained => {
            return unclear.to_string();
        }
        Unclear::NotAPatient { element, .. } => {
            return format!("names in `{element}` what is no reference of the form Patient/ID");
        }
        Unclear::OtherPerson(_) => "refers to another person",
        Unclear::ReferenceForm(_) => "holds a reference whose form is not allowed",
        Unclear::ReferenceType(_) => "refers to a type that may not be referred to",
        Unclear::Logical(_) => "holds a reference without a target",
        Unclear::Contained(_) => "contains what may not be contained",
        Unclear::ResourceInside(_) => "holds a resource inside an element",
        Unclear::Attachment(_) => "attaches what is no Binary of this store",
    };
    said.to_owned()
}

fn of_patch(fault: &PatchFault) -> String {
    match fault {
        PatchFault::Json(fault) => format!("the patch {}", of_json(fault)),
        PatchFault::Shape(_) | PatchFault::TooManyOperations => fault.to_string(),
        PatchFault::Operation { number, cause, .. } => format!("operation {number} {}", of_operation(cause)),
    }
}

fn of_operation(cause: &PatchCause) -> String {
    let said = match cause {
        PatchCause::Unknown | PatchCause::Part(_) | PatchCause::Depth | PatchCause::Size => return cause.to_string(),
        PatchCause::Path { why, .. } => return format!("has a path that {why}"),
        PatchCause::MorePart(_) => "has a part that does not belong to it",
        PatchCause::Kept(_) => "reaches for what is the store's",
        PatchCause::Nothing(_) => "finds nothing where it points",
        PatchCause::Several(_) => "finds more than one element where it points",
        PatchCause::NoPlace(_) => "finds no place where it points",
        PatchCause::ThereAlready(_) => "adds what is there already and does not repeat",
        PatchCause::NotEqual(_) => "expects another value where it points",
        PatchCause::IntoItself(_) => "moves something into itself",
        PatchCause::NoElement(_) => "names what is no element there",
        PatchCause::Type { .. } => "has a value of a type that the element does not take",
        PatchCause::Extended(_) => "changes what carries an extension beside its value",
    };
    said.to_owned()
}

#[cfg(test)]
mod tests;
