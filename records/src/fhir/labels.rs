//! Labels of confidentiality and sensitivity (<https://hl7.org/fhir/R4/security-labels.html>): which records ask for more than
//! care of the person.

use crate::json::{Json, Object};

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// Restricted and very restricted.
const RESTRICTED: [&str; 2] = ["R", "V"];

/// The sensitivity codes of v3-ActCode (`_InformationSensitivityPolicy` and below).
const SENSITIVITIES: &[&str] = &[
    "ETH",
    "GDIS",
    "HIV",
    "MST",
    "SCA",
    "SDV",
    "SEX",
    "SPI",
    "BH",
    "COGN",
    "DVD",
    "EMOTDIS",
    "MH",
    "PSY",
    "PSYTHPN",
    "SUD",
    "ETHUD",
    "OPIOIDUD",
    "STD",
    "TBOO",
    "VIO",
    "SICKLE",
    "DEMO",
    "DOB",
    "GENDER",
    "LIVARG",
    "MARST",
    "RACE",
    "REL",
    "B",
    "EMPL",
    "LOCIS",
    "SSP",
    "ADOL",
    "CEL",
    "DIA",
    "DRGIS",
    "EMP",
    "PDS",
    "PHY",
    "PRS",
    "COMPT",
    "ACOCOMPT",
    "CTCOMPT",
    "FMCOMPT",
    "HRCOMPT",
    "LRCOMPT",
    "PACOMPT",
    "RESCOMPT",
    "RMGTCOMPT",
];

/// Whether the resource, or one that it contains, bears such a label. What cannot be read counts as one.
pub(crate) fn is_sensitive(resource: &Object<'_>) -> bool {
    let inner = |inner: &Json<'_>| inner.object().is_none_or(labelled);
    let contains = |contained: &Json<'_>| contained.list().is_none_or(|list| list.iter().any(inner));
    labelled(resource) || resource.get("contained").is_some_and(contains)
}

fn labelled(resource: &Object<'_>) -> bool {
    let Some(meta) = resource.get("meta") else { return false };
    let Some(meta) = meta.object() else { return true };
    match meta.get("security") {
        None => false,
        Some(labels) => labels.list().is_none_or(|labels| labels.iter().any(tells_of_sensitivity)),
    }
}

fn tells_of_sensitivity(label: &Json<'_>) -> bool {
    let Some(label) = label.object() else { return true };
    let Some(code) = label.text("code") else { return true };
    match label.text("system") {
        Some(CONFIDENTIALITY) => RESTRICTED.contains(&code),
        Some(ACT_CODE) => SENSITIVITIES.contains(&code),
        // Without a system it may be either.
        None => RESTRICTED.contains(&code) || SENSITIVITIES.contains(&code),
        Some(_) => false,
    }
}
