//! Whether a record is labelled as sensitive (<https://hl7.org/fhir/R4/security-labels.html>): confidentiality "restricted"
//! or "very restricted", or any code that says why it is delicate. A label of a contained resource counts for the whole:
//! the whole is what goes out.
//!
//! Closed by default: what is known to be harmless stands here, and everything else is strict: a code of `v3-ActCode`, a
//! label that cannot be read, a system that nobody knows. It would be odd if a misspelt system opened a record on somebody's
//! addiction.

use crate::json::{Json, Object};

/// Confidentiality that asks for nothing: unrestricted, low, moderate, normal.
const ORDINARY: [&str; 4] = ["U", "L", "M", "N"];

/// Addresses of the code system of confidentiality, FHIR R4's and older ones, and its object identifier.
const CONFIDENTIALITY: [&str; 3] = [
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "http://hl7.org/fhir/v3/Confidentiality",
    "urn:oid:2.16.840.1.113883.5.25",
];

/// Systems whose codes say for what, or how well founded, and nothing about how delicate: purposes of use, integrity.
const HARMLESS: [&str; 4] = [
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "http://hl7.org/fhir/v3/ActReason",
    "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "http://hl7.org/fhir/v3/ObservationValue",
];

/// The code system of sensitivities, which also holds what is to be done with a record, and by whose policy.
const ACT_CODE: [&str; 3] = [
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "http://hl7.org/fhir/v3/ActCode",
    "urn:oid:2.16.840.1.113883.5.4",
];

/// Codes of [`ACT_CODE`] that tell how a record is to be handled: policies, obligations, refrains. None says what it is about.
const HANDLING: [&str; 30] = [
    "ANONY",
    "AOD",
    "AUDIT",
    "AUDTR",
    "CPLYCC",
    "CPLYCD",
    "CPLYCUI",
    "CPLYJPP",
    "CPLYOPP",
    "CPLYOSP",
    "CPLYPOL",
    "DEID",
    "ENCRYPT",
    "ENCRYPTR",
    "MASK",
    "MINEC",
    "NOAUTH",
    "NOCOLLECT",
    "NODSCLCD",
    "NODSCLCDS",
    "NOINTEGRATE",
    "NOLIST",
    "NOMOU",
    "NOORGPOL",
    "NOPAT",
    "NORDSCLCD",
    "NORDSCLCDS",
    "NOREUSE",
    "PRIVMARK",
    "PSEUD",
];

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
    // A version may stand behind the address.
    let system = system.split('|').next().unwrap_or_default();
    let harmless = HARMLESS.contains(&system)
        || (CONFIDENTIALITY.contains(&system) && ORDINARY.contains(&code))
        || (ACT_CODE.contains(&system) && HANDLING.contains(&code));
    !harmless
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
            (r#"{"meta":{"security":[{"system":"@ActCod","code":"HIV"}]}}"#, true),
            (r#"{"meta":{"security":[{"system":"@Confidentiality","code":"r"}]}}"#, true),
            (r#"{"meta":{"security":[{"system":"@Confidentiality|2018-08-12","code":"N"}]}}"#, false),
            (r#"{"meta":{"security":[{"system":"urn:our-own","code":"x"}]}}"#, true),
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
            (r#"{"meta":{"security":[{"system":"@ActCode","code":"R"}]}}"#, true),
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
