//! Every bound of this crate, in one place (promise P9). Sizes in bytes.

use std::time::Duration;

/// A request target, path and query.
pub const TARGET_BYTES_MAX: usize = 2048;
/// Segments of a path.
pub const SEGMENTS_MAX: usize = 8;
/// Parameters of a query, body form included.
pub const PARAMETERS_MAX: usize = 24;
/// The value of one parameter, decoded.
pub const PARAMETER_BYTES_MAX: usize = 256;
/// The form of `POST _search`.
pub const FORM_BYTES_MAX: usize = 8 * 1024;
/// The value of one header field that is read here.
pub const FIELD_BYTES_MAX: usize = 512;
/// A name in such a value, as of a subprotocol: longer than any that is registered.
pub const TOKEN_CHARACTERS_MAX: usize = 64;
/// The name of a coding of messages.
pub const CODING_CHARACTERS_MAX: usize = 32;

/// Longest that a route may give its answer.
pub const ANSWER_WITHIN_MAX: Duration = Duration::from_secs(600);

/// A resource that is created or updated.
pub const RESOURCE_BYTES_MAX: usize = 1024 * 1024;
/// A Binary sent as JSON: base64 needs a third more than the bytes. Larger ones are uploaded raw, as a stream.
pub const BINARY_RESOURCE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// An answer of the store that is read whole. The gateway reads no more than this.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Levels of lists and objects in JSON. FHIR's own examples stay below 20.
pub const JSON_DEPTH_MAX: usize = 40;
/// Values in a JSON text.
pub const JSON_VALUES_MAX: usize = 400_000;
/// Members of an object. FHIR's largest types have some forty.
pub const JSON_MEMBERS_MAX: usize = 512;
/// Elements that one path of a patch may lead to, at any of its steps.
pub const PATCH_ELEMENTS_MAX: usize = 10_000;
/// Characters of a number. FHIR asks for 18 digits at least.
pub const NUMBER_LENGTH_MAX: usize = 40;
/// Largest exponent of a number. With the digits that [`NUMBER_LENGTH_MAX`] leaves, no reader with 64-bit floats (up to
/// 10^308) sees infinity or zero.
pub const EXPONENT_MAX: u32 = 260;

/// Persons of a search that names none. With every one of them its audit entry holds the facts that were decided on.
pub const SEARCHED_PERSONS_MAX: usize = 64;

/// Links that a search follows to what comes along.
pub const INCLUDES_MAX: usize = 12;
/// Elements that a search may ask for by name.
pub const ELEMENTS_MAX: usize = 24;
/// What another page of a search stands for, before it is sealed: the search, 64 persons, and where the store has it.
pub const PAGE_TICKET_BYTES_MAX: usize = 8 * 1024;
/// The same sealed and as text: a third more, and what sealing adds.
pub const PAGE_CHARACTERS_MAX: usize = PAGE_TICKET_BYTES_MAX / 3 * 4 + 64;
/// A link of the store that names a search that it keeps.
pub const PAGE_LINK_BYTES_MAX: usize = 1024;
/// A link of the store as it is read: the whole search, written out.
pub const STORE_LINK_BYTES_MAX: usize = 16 * 1024;
/// Parameters of such a link.
pub const PAGE_PAIRS_MAX: usize = 64;
/// Entries of a batch or a transaction. A visit with all that was measured has about fifty.
pub const BUNDLE_ENTRIES_MAX: usize = 128;
/// A batch or a transaction, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The same as it goes to the store: a patch of a few bytes becomes a whole record there, and what was written comes back with
/// what was searched, within [`ANSWER_BYTES_MAX`].
pub const JOINED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Persons that a transaction may be about, whatever the look-ups show: its audit entry names every one.
pub const BUNDLE_PERSONS_MAX: usize = 256;
/// Permits that one transaction may need: its audit entry holds the facts that each rests on.
pub const QUESTIONS_MAX: usize = 128;
/// Operations of a patch.
pub const PATCH_OPERATIONS_MAX: usize = 64;
/// A JSON Pointer or a FHIRPath expression in a patch.
pub const PATCH_PATH_BYTES_MAX: usize = 512;

/// Resources inside a resource. Of FHIR's own examples none has more than a few.
pub const CONTAINED_MAX: usize = 64;
/// Records that a created or updated record may link to; each is looked up.
pub const LINKS_MAX: usize = 8;
/// Entries of a page when the client does not say.
pub const COUNT_DEFAULT: u32 = 50;
/// Entries of a page at most.
pub const COUNT_MAX: u32 = 200;
/// Matches that the store is asked for at a time where pages are made here. Most of what may be searched for of a person is
/// fewer, so that one question is enough whatever of it is hidden.
pub const GATHERED_COUNT: u32 = 100;
/// Pages of the store that are read for one of ours. What goes beyond ends the page early: it tells that more than nine
/// thousand records were passed over, and keeps nobody from those behind them.
pub const GATHERED_PAGES_MAX: u32 = 100;
/// Versions that are shown of a history at most, and when the client does not say.
pub const HISTORY_COUNT_MAX: u32 = 100;
/// Versions that the store is asked for, whatever the client asks for: more than are shown, so that a history is not short by
/// those that are hidden.
pub const HISTORY_ASKED: u32 = 200;
/// A piece of news on a feed: a type, an id and a person.
pub const NEWS_BYTES_MAX: usize = 1024;
/// How far a search can be paged.
pub const OFFSET_MAX: u32 = 100_000;
/// An answer that is checked as it comes: entries of at most [`ANSWER_BYTES_MAX`], and no more than this in all.
pub const STREAMED_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// A member of a bundle other than its entries: links above all.
pub const BUNDLE_MEMBER_BYTES_MAX: usize = 64 * 1024;
/// Members of a bundle. FHIR R4 knows nine, and their extensions.
pub const BUNDLE_MEMBERS_MAX: usize = 24;
/// Entries of an answer, included ones too.
pub const ENTRIES_MAX: usize = 2_000;
/// Names of records that are remembered while a searchset passes, to tell what came along with what.
pub const REACHED_MAX: usize = 20_000;
/// Reasons kept for entries that were dropped; all are counted.
pub const DROPPED_KEPT_MAX: usize = 16;

/// Routes of a route map.
pub const MAP_ROUTES_MAX: usize = 256;
/// Characters of a free text that a map may allow.
pub const MAP_TEXT_MAX: usize = 100_000;
/// A body that a map may allow.
pub const MAP_BODY_BYTES_MAX: usize = RESOURCE_BYTES_MAX;

/// A message of a WebSocket that a map may allow, over all its frames.
pub const MAP_MESSAGE_BYTES_MAX: u64 = 128 * 1024 * 1024;

const _: () = assert!(RESOURCE_BYTES_MAX <= BINARY_RESOURCE_BYTES_MAX, "a Binary carries more than a record");
const _: () = assert!(BINARY_RESOURCE_BYTES_MAX < ANSWER_BYTES_MAX, "what was written can be read back");
const _: () = assert!(BINARY_RESOURCE_BYTES_MAX <= BUNDLE_BYTES_MAX, "a Bundle carries what a request does");
const _: () = assert!(BUNDLE_BYTES_MAX < JOINED_BYTES_MAX, "what needs no look-ups is never too long behind them");
const _: () = assert!(JOINED_BYTES_MAX < ANSWER_BYTES_MAX, "what a transaction wrote can be read back");
const _: () = assert!(2 * BUNDLE_ENTRIES_MAX <= BUNDLE_PERSONS_MAX, "each record may have belonged to somebody else");
const _: () = assert!(COUNT_DEFAULT <= COUNT_MAX && (COUNT_MAX as usize) < ENTRIES_MAX, "a page fits an answer");
const _: () = assert!(COUNT_MAX < GATHERED_COUNT * GATHERED_PAGES_MAX, "the longest page is gathered");
const _: () = assert!(2 * HISTORY_COUNT_MAX <= HISTORY_ASKED, "half of a history may be hidden");
const _: () = assert!(PARAMETER_BYTES_MAX * 3 < TARGET_BYTES_MAX, "one value never fills the target, even encoded");
