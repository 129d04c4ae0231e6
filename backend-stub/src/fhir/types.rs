//! The types served, which element names the person, and what each may be searched by (FHIR R4 search parameters).

/// A served type. Equal to its place in [`SERVED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind(usize);

/// How many types are served.
pub(crate) const KINDS: usize = 11;

/// One row of the table.
pub(crate) struct Served {
    /// FHIR name.
    pub(crate) name: &'static str,
    /// How ids given by the store begin.
    pub(crate) prefix: &'static str,
    /// Which element names the person.
    pub(crate) person: PersonElement,
    /// What it may be searched by, beyond `_id` and `_lastUpdated`.
    pub(crate) params: &'static [Param],
}

/// Which element names the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonElement {
    /// Patient: the id itself.
    OwnId,
    /// A reference.
    Reference(&'static str),
    /// The directory belongs to nobody.
    Nobody,
}

/// A search parameter.
pub(crate) struct Param {
    /// As in the query.
    pub(crate) name: &'static str,
    /// How it compares.
    pub(crate) compare: Compare,
    /// Elements it looks at, dotted; arrays are walked.
    pub(crate) paths: &'static [&'static str],
}

/// How a search parameter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// Code, Coding, CodeableConcept, Identifier, boolean.
    Token,
    /// Start of a text.
    Text,
    /// Reference to another resource.
    Link,
    /// The date of the resource (one per type).
    Date,
}

const fn token(name: &'static str, paths: &'static [&'static str]) -> Param {
    Param { name, compare: Compare::Token, paths }
}
const fn text(name: &'static str, paths: &'static [&'static str]) -> Param {
    Param { name, compare: Compare::Text, paths }
}
const fn link(name: &'static str, paths: &'static [&'static str]) -> Param {
    Param { name, compare: Compare::Link, paths }
}
const fn date(name: &'static str, paths: &'static [&'static str]) -> Param {
    Param { name, compare: Compare::Date, paths }
}

const NAMES: &[&str] = &["name.text", "name.family", "name.given"];

/// The table. Order is of no meaning, except that [`Kind`] counts along it.
pub(crate) static SERVED: [Served; KINDS] = [
    Served {
        name: "Patient",
        prefix: "pat",
        person: PersonElement::OwnId,
        params: &[
            token("identifier", &["identifier"]),
            token("gender", &["gender"]),
            token("active", &["active"]),
            text("name", NAMES),
            text("family", &["name.family"]),
            text("given", &["name.given"]),
            text("address", &["address.text", "address.city", "address.line"]),
            date("birthdate", &["birthDate"]),
            link("general-practitioner", &["generalPractitioner"]),
            link("organization", &["managingOrganization"]),
        ],
    },
    Served {
        name: "CareTeam",
        prefix: "team",
        person: PersonElement::Reference("subject"),
        params: &[
            token("identifier", &["identifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            date("date", &["period"]),
            link("subject", &["subject"]),
            link("patient", &["subject"]),
            link("participant", &["participant.member", "participant.onBehalfOf"]),
        ],
    },
    Served {
        name: "Consent",
        prefix: "con",
        person: PersonElement::Reference("patient"),
        params: &[
            token("identifier", &["identifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            token("scope", &["scope"]),
            date("date", &["dateTime"]),
            link("patient", &["patient"]),
            link("subject", &["patient"]),
            link("organization", &["organization"]),
            link("actor", &["provision.actor.reference"]),
        ],
    },
    Served {
        name: "Communication",
        prefix: "com",
        person: PersonElement::Reference("subject"),
        params: &[
            token("identifier", &["identifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            token("medium", &["medium"]),
            date("date", &["sent"]),
            date("sent", &["sent"]),
            link("subject", &["subject"]),
            link("patient", &["subject"]),
            link("sender", &["sender"]),
            link("recipient", &["recipient"]),
        ],
    },
    Served {
        name: "Observation",
        prefix: "obs",
        person: PersonElement::Reference("subject"),
        params: &[
            token("identifier", &["identifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            token("code", &["code"]),
            date("date", &["effectiveDateTime", "effectivePeriod", "effectiveInstant"]),
            link("subject", &["subject"]),
            link("patient", &["subject"]),
            link("performer", &["performer"]),
        ],
    },
    Served {
        name: "DocumentReference",
        prefix: "doc",
        person: PersonElement::Reference("subject"),
        params: &[
            token("identifier", &["identifier", "masterIdentifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            token("type", &["type"]),
            token("contenttype", &["content.attachment.contentType"]),
            text("description", &["description"]),
            date("date", &["date"]),
            link("subject", &["subject"]),
            link("patient", &["subject"]),
            link("author", &["author"]),
            link("custodian", &["custodian"]),
        ],
    },
    Served {
        name: "Binary",
        prefix: "bin",
        person: PersonElement::Reference("securityContext"),
        params: &[
            token("contenttype", &["contentType"]),
            link("patient", &["securityContext"]),
            link("subject", &["securityContext"]),
        ],
    },
    Served {
        name: "CarePlan",
        prefix: "plan",
        person: PersonElement::Reference("subject"),
        params: &[
            token("identifier", &["identifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            date("date", &["period"]),
            link("subject", &["subject"]),
            link("patient", &["subject"]),
            link("author", &["author"]),
            link("care-team", &["careTeam"]),
        ],
    },
    Served {
        name: "MedicationStatement",
        prefix: "med",
        person: PersonElement::Reference("subject"),
        params: &[
            token("identifier", &["identifier"]),
            token("status", &["status"]),
            token("category", &["category"]),
            token("code", &["medicationCodeableConcept"]),
            date("date", &["effectiveDateTime", "effectivePeriod"]),
            date("effective", &["effectiveDateTime", "effectivePeriod"]),
            link("subject", &["subject"]),
            link("patient", &["subject"]),
            link("source", &["informationSource"]),
        ],
    },
    Served {
        name: "Practitioner",
        prefix: "pra",
        person: PersonElement::Nobody,
        params: &[
            token("identifier", &["identifier"]),
            token("active", &["active"]),
            text("name", NAMES),
            text("family", &["name.family"]),
            text("given", &["name.given"]),
        ],
    },
    Served {
        name: "Organization",
        prefix: "org",
        person: PersonElement::Nobody,
        params: &[
            token("identifier", &["identifier"]),
            token("active", &["active"]),
            token("type", &["type"]),
            text("name", &["name", "alias"]),
            text("address", &["address.text", "address.city"]),
            link("partof", &["partOf"]),
        ],
    },
];

impl Kind {
    /// The type of this name, if it is served. FHIR names are case-sensitive.
    pub(crate) fn named(name: &str) -> Option<Self> {
        SERVED.iter().position(|served| served.name == name).map(Self)
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..KINDS).map(Self)
    }

    #[expect(clippy::indexing_slicing, reason = "a Kind is only made from a place in the table")]
    pub(crate) fn served(self) -> &'static Served {
        &SERVED[self.0]
    }

    pub(crate) fn name(self) -> &'static str {
        self.served().name
    }

    pub(crate) fn index(self) -> usize {
        self.0
    }

    pub(crate) fn is_binary(self) -> bool {
        self.name() == "Binary"
    }

    /// The search parameter of this name.
    pub(crate) fn param(self, name: &str) -> Option<&'static Param> {
        self.served().params.iter().find(|param| param.name == name)
    }
}
