//! Whether a record is labelled as sensitive (<https://hl7.org/fhir/R4/security-labels.html>): confidentiality "restricted"
//! or "very restricted", or any code that says why it is delicate. A label of a contained resource counts for the whole:
//! the whole is what goes out.
//!
//! Closed by default: a label that cannot be read, or whose system is not named, counts as the stricter one. It would be odd
//! if a misspelt system opened a record on somebody's addiction.

use crate::json::{Json, Object};

/// <http://terminology.hl7.org/CodeSystem/v3-Confidentiality>; the others are moderate, normal, low and unrestricted.
const CONFIDENTIALITY: [&str; 2] = ["R", "V"];

/// All codes below `_InformationSensitivityPolicy` of <http://terminology.hl7.org/CodeSystem/v3-ActCode>; held to the
/// published code system by a test.
pub(crate) const SENSITIVITY: [&str; 41] = [
    "ADOL", "B", "BH", "CEL", "COGN", "DEMO", "DIA", "DOB", "DRGIS", "DVD", "EMOTDIS", "EMP", "EMPL", "ETH", "ETHUD",
    "GDIS", "GENDER", "HIV", "LIVARG", "LOCIS", "MARST", "MH", "MST", "OPIOIDUD", "PDS", "PHY", "PRS", "PSY",
    "PSYTHPN", "RACE", "REL", "SCA", "SDV", "SEX", "SICKLE", "SPI", "SSP", "STD", "SUD", "TBOO", "VIO",
];

/// What the addresses of the two systems hold, FHIR R4's as well as the older ones (`http://hl7.org/fhir/v3/Confidentiality`),
/// with a version behind them or without; and their numbers as object identifiers.
const CONFIDENTIALITY_SYSTEM: [&str; 2] = ["Confidentiality", "urn:oid:2.16.840.1.113883.5.25"];
const ACT_CODE_SYSTEM: [&str; 2] = ["ActCode", "urn:oid:2.16.840.1.113883.5.4"];

/// See the module.
pub(crate) fn is_sensitive(resource: &Object<'_>) -> bool {
    let own = is_labelled(resource);
    let inside = match resource.get("contained") {
        None => false,
        Some(Json::List(list)) => list.iter().any(|inner| inner.object().is_none_or(is_labelled)),
        Some(_) => true,
    };
    own || inside
}

fn is_labelled(resource: &Object<'_>) -> bool {
    let Some(meta) = resource.get("meta") else { return false };
    let Some(meta) = meta.object() else { return true };
    match meta.get("security") {
        None => false,
        Some(Json::List(labels)) => labels.iter().any(|label| label.object().is_none_or(is_strict)),
        Some(_) => true,
    }
}

fn is_strict(label: &Object<'_>) -> bool {
    let Some(code) = label.text("code") else { return true };
    let Some(system) = label.text("system") else { return true };
    let of = |[name, number]: [&str; 2]| system.contains(name) || system == number;
    (of(CONFIDENTIALITY_SYSTEM) && CONFIDENTIALITY.contains(&code))
        || (of(ACT_CODE_SYSTEM) && SENSITIVITY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::is_sensitive;
    use crate::json;

    const SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-";

    fn sensitive(resource: &str) -> bool {
        let resource = resource.replace("@", SYSTEM);
        is_sensitive(json::parse(resource.as_bytes()).unwrap().object().unwrap())
    }

    #[test]
    fn labels() {
        for (resource, expected) in [
            (r#"{}"#, false),
            (r#"{"meta":{"versionId":"1"}}"#, false),
            (r#"{"meta":{"security":[]}}"#, false),
            (r#"{"meta":{"security":[{"system":"@Confidentiality","code":"N"}]}}"#, false),
            (r#"{"meta":{"security":[{"system":"@Confidentiality","code":"R"}]}}"#, true),
            (r#"{"meta":{"security":[{"system":"@Confidentiality","code":"V","display":"very restricted"}]}}"#, true),
            (r#"{"meta":{"security":[{"system":"http://hl7.org/fhir/v3/Confidentiality","code":"R"}]}}"#, true),
            (r#"{"meta":{"security":[{"system":"urn:oid:2.16.840.1.113883.5.25","code":"R"}]}}"#, true),
            (
                r#"{"meta":{"security":[{"system":"@ActReason","code":"HTEST"},{"system":"@ActCode","code":"HIV"}]}}"#,
                true,
            ),
            (r#"{"meta":{"security":[{"system":"@ActCode","code":"CPLYCC"}]}}"#, false),
            // A code of the one list in the system of the other says nothing.
            (r#"{"meta":{"security":[{"system":"@ActCode","code":"R"}]}}"#, false),
            (r#"{"meta":{"tag":[{"system":"@Confidentiality","code":"R"}]}}"#, false),
            // What stands inside goes out with the whole.
            (
                r#"{"contained":[{"resourceType":"Device"},{"resourceType":"Medication","meta":{"security":[{"system":"@ActCode","code":"SUD"}]}}]}"#,
                true,
            ),
            (r#"{"contained":[{"resourceType":"Device","meta":{"profile":[]}}]}"#, false),
            // What cannot be read counts as the stricter one.
            (r#"{"meta":[]}"#, true),
            (r#"{"meta":{"security":{"code":"N"}}}"#, true),
            (r#"{"meta":{"security":["R"]}}"#, true),
            (r#"{"meta":{"security":[{"system":"@Confidentiality"}]}}"#, true),
            (r#"{"meta":{"security":[{"code":"N"}]}}"#, true),
            (r#"{"contained":{}}"#, true),
            (r#"{"contained":[1]}"#, true),
        ] {
            assert_eq!(sensitive(resource), expected, "{resource}");
        }
    }
}
