//! The form of a change: an object with a `kind` and the fields of that kind.

use serde_json::{Map, Value};

use super::{Fields, Form, FormError, put};
use crate::change::Change;

/// Names every kind of change. Kinds are added, never renamed and never reused.
macro_rules! kinds {
    ($($kind:literal => $variant:ident { $($field:ident),* $(,)? })+) => {
        /// Every kind there is.
        #[cfg(test)]
        pub(crate) const KINDS: &[&str] = &[$($kind),+];

        impl Form for Change {
            fn write(&self) -> Value {
                let mut map = Map::new();
                match self {
                    $(Change::$variant { $($field),* } => {
                        map.insert("kind".to_owned(), Value::from($kind));
                        $(put(&mut map, stringify!($field), $field);)*
                    })+
                }
                Value::Object(map)
            }

            fn read(value: &Value) -> Result<Self, FormError> {
                let mut fields = Fields::of(value)?;
                let kind: String = fields.take("kind")?;
                let change = match kind.as_str() {
                    $($kind => Change::$variant { $($field: fields.take(stringify!($field))?),* },)+
                    other => return Err(FormError::new(format!("unknown kind of change `{other}`"))),
                };
                fields.finish()?;
                Ok(change)
            }

            #[cfg(test)]
            fn any(dice: &mut crate::tests::dice::Dice) -> Self {
                let kind = *dice.one_of(KINDS);
                match kind {
                    $($kind => Change::$variant { $($field: Form::any(dice)),* },)+
                    other => unreachable!("{other}"),
                }
            }
        }
    };
}

kinds! {
    "facility-applied" => FacilityApplied { facility }
    "facility-moved" => FacilityMoved { facility, event, reason }
    "facility-changed" => FacilityChanged { facility, details }
    "administrator-set" => AdministratorSet { facility, administrator }
    "user-registered" => UserRegistered { user }
    "user-id-granted" => UserIdGranted { user_id }
    "user-id-moved" => UserIdMoved { user_id, event, reason }
    "password-changed" => PasswordChanged { user_id, credential, epoch }
    "sessions-ended" => SessionsEnded { user_id, epoch }
    "session-ended" => SessionEnded { session, user_id, over_at }
    "sessions-forgotten" => SessionsForgotten { over_by }
    "device-loaned" => DeviceLoaned { device }
    "device-returned" => DeviceReturned { device }
    "certificate-reserved" => CertificateReserved { serial, device, not_before, not_after, predecessor, assurance, key }
    "certificate-issued" => CertificateIssued { serial, fingerprint }
    "certificate-revoked" => CertificateRevoked { serial, reason }
    "certificate-confirmed" => CertificateConfirmed { serial }
    "certificate-abandoned" => CertificateAbandoned { serial }
    "person-registered" => PersonRegistered { person }
    "person-changed" => PersonChanged { person, name, area }
    "eligibility-changed" => EligibilityChanged { person, eligibility }
    "consent-given" => ConsentGiven { person, form }
    "consent-withdrawn" => ConsentWithdrawn { person, reason }
    "team-joined" => TeamJoined { membership }
    "team-left" => TeamLeft { membership, person, user }
    "suspended" => Suspended { suspension }
    "suspension-ended" => SuspensionEnded { suspension, target, end, reason }
    "service-stopped" => ServiceStopped { stop }
    "service-resumed" => ServiceResumed {}
    "disaster-declared" => DisasterDeclared { disaster }
    "disaster-ended" => DisasterEnded { reason }
    "report-due" => ReportDue { report }
    "rules-proposed" => RulesProposed { rules }
    "rules-approved" => RulesApproved { version, gates }
    "rules-rolled-back" => RulesRolledBack { version, reason }
    "report-acknowledged" => ReportAcknowledged { report }
    "duty-entered" => DutyEntered { duty }
    "duty-ended" => DutyEnded { duty, user }
    "contract-entered" => ContractEntered { contract }
    "contract-ended" => ContractEnded { contract, reason }
    "deletion-ordered" => DeletionOrdered { order }
    "deletion-approved" => DeletionApproved { order, person }
    "deletion-cancelled" => DeletionCancelled { order, person, reason }
    "break-glass-proposed" => BreakGlassProposed { rule }
    "break-glass-issued" => BreakGlassIssued {}
    "break-glass-withdrawn" => BreakGlassWithdrawn { reason }
    "disaster-confirmed" => DisasterConfirmed {}
    "deletion-carried-out" => DeletionCarriedOut { deleted }
    "emergency-declared" => EmergencyDeclared { emergency }
    "emergency-ended" => EmergencyEnded { emergency, user_id }
    "emergency-over" => EmergencyOver { emergency, user_id }
    "enrolment-offered" => EnrolmentOffered { enrolment }
    "enrolment-tried" => EnrolmentTried { device }
    "enrolment-used" => EnrolmentUsed { device }
    "enrolment-ended" => EnrolmentEnded { device, because }
    "certificate-retiring" => CertificateRetiring { retiring }
    "certificate-retired" => CertificateRetired { successor }
    "revocation-reported" => RevocationReported { task, device, serials, because }
    "revocation-took-effect" => RevocationTookEffect { task, effect }
    "revocation-listed" => RevocationListed { task, number }
    "revocation-confirmed" => RevocationConfirmed { task }
    "revocation-reminded" => RevocationReminded { task }
    "revocation-escalated" => RevocationEscalated { task }
    "facility-revocation-proposed" => FacilityRevocationProposed { proposal }
    "facility-revocation-ended" => FacilityRevocationEnded { facility, carried_out, reason }
    "certificate-registered" => CertificateRegistered { serial, device, external, fingerprint, not_before, not_after }
    "lists-numbered" => ListsNumbered { number, lists }
    "responder-reserved" => ResponderReserved { serial }
    "device-hardware" => DeviceHardware { device, hardware }
    "numbering-begun" => NumberingBegun { key }
}
