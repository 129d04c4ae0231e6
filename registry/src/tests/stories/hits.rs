//! Whom a change hits.

use std::collections::BTreeSet;

use crate::Change;

/// Which kinds of changes hit whom, as a table. What is alive on one of these is judged anew; an empty row opens only
/// something new, or nothing that a decision rests on.
#[test]
fn whom_a_change_hits() {
    use crate::form::Form as _;
    let mut rows: std::collections::BTreeMap<String, BTreeSet<&str>> = std::collections::BTreeMap::new();
    for seed in 0..5000 {
        let change = Change::any(&mut super::super::dice::Dice::new(seed));
        let (written, hit) = (change.write(), change.affects());
        let names: [(&str, Vec<String>); 6] = [
            ("devices", hit.devices.iter().map(ToString::to_string).collect()),
            ("serials", hit.serials.iter().map(ToString::to_string).collect()),
            ("user IDs", hit.user_ids.iter().map(ToString::to_string).collect()),
            ("users", hit.users.iter().map(ToString::to_string).collect()),
            ("facilities", hit.facilities.iter().map(ToString::to_string).collect()),
            ("persons", hit.persons.iter().map(ToString::to_string).collect()),
        ];
        let row = rows.entry(written["kind"].as_str().unwrap().to_owned()).or_default();
        for (word, named) in names {
            assert!(named.iter().all(|name| written.to_string().contains(name.as_str())), "{written}");
            row.extend((!named.is_empty()).then_some(word));
        }
        row.extend(hit.service.then_some("service"));
    }
    let table: Vec<String> = rows
        .iter()
        .filter(|(_, hit)| !hit.is_empty())
        .map(|(kind, hit)| format!("{kind}: {}", hit.iter().copied().collect::<Vec<_>>().join(", ")))
        .collect();
    assert_eq!(
        table,
        [
            "break-glass-withdrawn: service",
            "certificate-abandoned: serials",
            "certificate-confirmed: serials",
            "certificate-issued: serials",
            "certificate-revoked: serials",
            "consent-given: persons",
            "consent-withdrawn: persons",
            "deletion-cancelled: persons",
            "device-returned: devices",
            "disaster-declared: service",
            "disaster-ended: service",
            "duty-ended: users",
            "duty-entered: users",
            "eligibility-changed: persons",
            "emergency-ended: user IDs",
            "emergency-over: user IDs",
            "facility-moved: facilities",
            "password-changed: user IDs",
            "person-changed: persons",
            "rules-approved: service",
            "rules-rolled-back: service",
            "service-resumed: service",
            "service-stopped: service",
            "session-ended: user IDs",
            "sessions-ended: user IDs",
            "suspended: devices, facilities, persons, user IDs, users",
            "suspension-ended: devices, facilities, persons, user IDs, users",
            "team-joined: persons",
            "team-left: persons",
            "user-id-moved: user IDs",
        ]
    );
}
