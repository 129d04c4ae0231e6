//! Targets, searches and JSON that are mostly nearly right.

use proptest::prelude::*;

use crate::tests::pieces::{pieces, words};

/// Beside those that any target may hold.
const SNIPPETS: &[&str] = &[
    "/fhir",
    "/Observation",
    "/Patient",
    "/Binary",
    "/Practitioner",
    "/P-1",
    "/_search",
    "/_history",
    "/1",
    "/feeds/notes",
    "/socket",
    "%7C",
    "\\",
    "%2B",
    "|",
    "patient",
    "subject",
    "date",
    "code",
    "_count",
    "_offset",
    "_page",
    "_elements",
    "_summary",
    "count",
    "_total",
    "_revinclude",
    "Observation:patient",
    "patient.",
    ":Patient.",
    "/$everything",
    "_type",
    "_sort",
    "_include",
    "_id",
    "_has:",
    "name",
    "status",
    "P-2",
    "Patient/P-1",
    "Patient%2FP-2",
    "ge2024-01-01",
    "le2024-02-01T10:00:00%2B09:00",
    "10",
    "0",
    "-date",
    "Observation:performer",
    "http://loinc.org|8480-6",
    "_format=json",
    "amp;",
];

/// A target of pieces that mean something somewhere.
pub(super) fn targets() -> impl Strategy<Value = String> {
    const STARTS: &[&str] = &[
        "",
        "/fhir",
        "/fhir/Patient/P-1",
        "/fhir/Practitioner",
        "/fhir/Observation?patient=P-1",
        "/fhir/Communication?subject=P-1",
        "/feeds/notes?patient=P-1",
    ];
    let free =
        (proptest::sample::select(STARTS), pieces(SNIPPETS)).prop_map(|(start, pieces)| start.to_owned() + &pieces);
    let parameter = (words(SNIPPETS), words(SNIPPETS));
    let query = proptest::collection::vec(parameter, 0..5);
    let search = (proptest::sample::select(&["Observation", "Communication", "Practitioner", "Patient"][..]), query)
        .prop_map(|(kind, pairs)| {
            let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("/fhir/{kind}?patient=P-1&{}", pairs.join("&"))
        });
    prop_oneof![free, search]
}

/// Searches that are mostly in their grammar, so that the properties of what is served are not empty.
pub(super) fn searches() -> impl Strategy<Value = String> {
    let parameter = proptest::sample::select(
        &[
            "code=8480-6",
            "code=http://loinc.org|8480-6",
            "code=http%3A%2F%2Floinc.org%7C8480-6",
            "status=final",
            "category=vital-signs",
            "date=ge2024-01-01",
            "date=le2024-02",
            "_count=7",
            "_count=007",
            "_lastUpdated=ge2024",
            "_id=o-1,o-2",
            "_total=accurate",
            "performer=Practitioner/x",
            "patient.name=x",
            "performer:Practitioner.name=x",
            "_include=Observation:encounter",
            "_revinclude=DiagnosticReport:result",
            "_sort=-date",
            "_format=json",
            "_include=Observation:performer",
            "_include=Observation:performer:Practitioner",
            "_pretty=true",
        ][..],
    );
    (
        proptest::collection::vec(parameter, 0..6),
        0..6usize,
        proptest::sample::select(&["patient=P-1", "subject=Patient/P-1", "subject=Patient%2fP-1", "patient=P-2"][..]),
    )
        .prop_map(|(mut pairs, at, person)| {
            pairs.insert(at.min(pairs.len()), person);
            format!("/fhir/Observation?{}", pairs.join("&"))
        })
}

pub(super) fn json_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("36.50".to_owned()),
        Just(r#""Patient/P-1""#.to_owned()),
        Just(r#""Patient/P-2""#.to_owned()),
        Just(r#""http://store/fhir/Patient/P-2/_history/1""#.to_owned()),
        "\\PC{0,6}".prop_map(|text| format!("{text:?}")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = proptest::sample::select(
            &[
                "reference",
                "subject",
                "identifier",
                "contained",
                "resourceType",
                "extension",
                "url",
                "type",
                "id",
                "meta",
                "x",
            ][..],
        );
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            proptest::collection::vec((name, inner), 0..5).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}
