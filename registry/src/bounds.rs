//! Every bound of the registry, and how they relate (promise P9).

use std::time::Duration;

/// Longest name, address, label or area, in characters.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// Longest reason or announcement, in characters.
pub const REASON_CHARACTERS_MAX: usize = 1000;

/// Shortest password, in characters: random ones of this length need no rotation (MHLW guideline v6.0 Q&A Q-54).
pub const PASSWORD_CHARACTERS_MIN: usize = 13;
/// Longest password, in characters (NIST SP 800-63B-4 3.1.1.2 asks for at least 64).
pub const PASSWORD_CHARACTERS_MAX: usize = 128;
/// Characters of a first password, hyphens not counted: about 79 random bits.
pub(crate) const FIRST_PASSWORD_CHARACTERS: usize = 16;

/// Most memberships of one person's care team at a time, past ones not counted.
pub const TEAM_MAX: usize = 200;
/// Most suspensions of one target at a time.
pub const SUSPENSIONS_PER_TARGET_MAX: usize = 16;
/// Most certificates of one device, ended ones included: a device that needs more is worth a look.
pub const CERTIFICATES_PER_DEVICE_MAX: usize = 1000;
/// Most user IDs of one user, ended ones included.
pub const USER_IDS_PER_USER_MAX: usize = 100;
/// Ended sessions remembered for one user ID. The next one ends all sessions of that user ID and empties the list.
pub const ENDED_SESSIONS_PER_USER_ID_MAX: usize = 64;
/// Longest life of a session, in hours: an end of a session need not be remembered for longer.
pub const SESSION_HOURS_MAX: i64 = 7 * 24;
/// Longest disaster use from its declaration, in hours; then it is declared anew or it ends (art. 21).
pub const DISASTER_HOURS_MAX: i64 = 72;
/// Most duties of one user at a time, past ones not counted.
pub const DUTIES_PER_USER_MAX: usize = 64;
/// Longest duty of somebody who stands in, in days: a roster is made by the month.
pub const DUTY_DAYS_MAX: i64 = 31;
/// Most contracts on record.
pub const CONTRACTS_MAX: usize = 100;
/// Longest time to carry out a deletion order, in days; then it is given anew.
pub const DELETION_DAYS_MAX: i64 = 30;
/// Most deletion orders about one person, past ones included: whoever needs more orders all of the person's records.
pub const DELETIONS_PER_PERSON_MAX: usize = 200;
/// Most records marked as deleted under one order.
pub const DELETED_PER_ORDER_MAX: usize = 10_000;
/// Time for the second officer to confirm disaster use by an act of his own, in minutes from its declaration or its beginning,
/// whichever is later. Long enough to get to a desk; the river does not wait for it, so it opens at once.
pub const DISASTER_CONFIRM_MINUTES: i64 = 60;
/// How long a declared emergency stands, in minutes (art. 41-1); then it is declared anew or the user has a place on the team.
pub const EMERGENCY_MINUTES: i64 = 60;
/// Longest reason of a declared emergency, in characters.
pub const EMERGENCY_REASON_CHARACTERS_MAX: usize = 200;
/// Most emergencies that one user declares within [`EMERGENCY_MINUTES`], ended ones included: ending one gives no place back.
pub const EMERGENCIES_PER_USER_MAX: usize = 3;
/// Most emergencies within [`EMERGENCY_MINUTES`], of all users together.
pub const EMERGENCIES_MAX: usize = 1000;
/// Most octets of a set of rules: schema, names and texts of its files.
pub const RULES_BYTES_MAX: usize = 128 << 10;
/// Most sets of rules remembered, proposals included; the journal keeps them all.
pub const RULE_SETS_MAX: usize = 100;
/// Most steps back from the rules in force.
pub const RULE_STEPS_BACK_MAX: usize = 32;
/// Longest validity of a certificate, in days.
pub const CERTIFICATE_DAYS_MAX: i64 = 3660;
/// Longest time in which a terminal's code can be used, in hours.
pub const ENROLMENT_HOURS_MAX: i64 = 72;
/// Wrong tries that end a terminal's code.
pub const ENROLMENT_TRIES_MAX: u64 = 5;
/// A certificate that was renewed is revoked so many days after, if its successor was issued: time to find out that the
/// successor works, and not so long that two certificates become the custom (art. 38-1).
pub const RETIRING_DAYS: i64 = 7;
/// A revocation is in effect everywhere after so many seconds: a gateway that has not heard of it serves nothing any more.
pub const REVOCATION_EFFECTIVE_SECONDS: i64 = 10;
/// Unconfirmed for so many hours, the facility administrator is reminded of a revocation (art. 38-3).
pub const REMINDED_AFTER_HOURS: i64 = 1;
/// Unconfirmed for so many hours, it is put before the city.
pub const ESCALATED_AFTER_HOURS: i64 = 24;
/// Most gateways that say of one revocation what they cut.
pub const EFFECTS_PER_TASK_MAX: usize = 32;
/// Hours in which a second officer carries out the revocation of a whole facility; then it is proposed anew.
pub const FACILITY_REVOCATION_HOURS: i64 = 24;
/// Octets of an entry that one task of confirmation takes at most, its certificates not counted.
pub(crate) const TASK_BYTES_MAX: usize = 240;
/// Octets that one revoked certificate takes: the change, and its number in the task.
pub(crate) const REVOKED_BYTES_MAX: usize = 200;
/// A device with so many live certificates gets no further one by renewal: answers may get lost, but not for ever.
pub const LIVE_CERTIFICATES_FOR_RENEWAL: usize = 5;
/// Most things one `Tick` puts in order; the next one goes on.
pub(crate) const TICK_CHANGES_MAX: usize = 1000;

/// Times a command is validated anew because another process was first.
pub(crate) const TRIES_MAX: u32 = 32;
/// Most commands that are written in one commit. Each waits for all of them, some hundredths of a millisecond per command.
pub(crate) const TURN_COMMANDS_MAX: usize = 128;
/// Octets of entries behind which no further command is put into the same commit: with the largest entry on top, it fits into one
/// append.
pub(crate) const TURN_BYTES_MAX: usize = 4 << 20;
/// Entries read from the journal in one go.
pub(crate) const READ_ENTRIES: usize = 512;
/// Longest the follower sleeps without looking at the journal: how coarse [`crate::Registry::freshness`] is.
pub(crate) const FOLLOW_PAUSE: Duration = Duration::from_millis(100);
/// Entries after which the whole state is stored beside the journal, at the least.
pub(crate) const KEEP_EVERY_ENTRIES: u64 = 1000;
/// The larger the state, the rarer it is stored: after one entry for so many objects.
pub(crate) const KEEP_OBJECTS_PER_ENTRY: u64 = 8;

// A first password fits the rules it will be checked by, would anybody keep it.
const _: () = assert!(FIRST_PASSWORD_CHARACTERS >= PASSWORD_CHARACTERS_MIN);
const _: () = assert!(PASSWORD_CHARACTERS_MIN < PASSWORD_CHARACTERS_MAX);
const _: () = assert!(EMERGENCIES_PER_USER_MAX < EMERGENCIES_MAX, "one user must not take all");
// One change is well below 500 bytes, and a journal takes a mebibyte as one entry.
// In JSON an octet becomes six at the most (`\u0007`); the rest of the entry is small.
const _: () = assert!(RULES_BYTES_MAX * 6 + 64 * 1024 < journal::ENTRY_BYTES_MAX);
// Whatever one can go back to is among the sets remembered.
const _: () = assert!(RULE_STEPS_BACK_MAX < RULE_SETS_MAX);
const _: () = assert!(REMINDED_AFTER_HOURS < ESCALATED_AFTER_HOURS, "first the facility, then the city");
const _: () = assert!(TICK_CHANGES_MAX * 500 < journal::ENTRY_BYTES_MAX);

/// How many serial numbers of those who signed answers are kept; each certificate lasts three days.
pub(crate) const RESPONDERS_KEPT: usize = 16;
/// A number that is only reserved counts as a certificate to come for so long, in seconds.
pub(crate) const RESERVED_SECONDS: i64 = 3600;

const _: () = assert!(TURN_BYTES_MAX + journal::ENTRY_BYTES_MAX <= journal::CALL_BYTES_MAX);
const _: () = assert!(TURN_COMMANDS_MAX <= journal::CALL_ENTRIES_MAX);
