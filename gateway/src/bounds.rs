//! Every bound of the gateway, in one place (promise P9). Sizes in bytes.

use std::time::Duration;

/// Open client connections a worker holds; beyond it new ones are closed at once.
pub const CONNECTIONS_PER_WORKER_MAX: usize = 20_000;
/// Of these, from one source: an IPv4 address or an IPv6 /64. A facility sits behind one address with all its terminals.
pub const CONNECTIONS_PER_SOURCE_MAX: usize = 2_000;
/// An HTTP/2 connection without a stream is closed after so long; HTTP/1.1 has [`H1_IDLE_MAX`].
pub const H2_IDLE_MAX: Duration = Duration::from_secs(60);
/// Listening socket's queue of connections not yet accepted.
pub const ACCEPT_BACKLOG: i32 = 1024;
/// From accept to the first octet of TLS, a balancer's header before it included: a client of TLS speaks first, at once.
pub const FIRST_OCTET_MAX: Duration = Duration::from_secs(3);
/// A balancer's header (PROXY protocol, version 2). Addresses take 52 octets; the rest is for what balancers add, such as the
/// name in a client's certificate.
pub const PROXY_HEADER_BYTES_MAX: usize = 1024;
/// What is read of a client that speaks HTTP without TLS, before and after it is told so.
pub const PLAIN_HTTP_BYTES_MAX: usize = 4096;
/// From the first octet to a finished TLS handshake.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// Without a request, a connection over HTTP/1.1 is closed after so long.
pub const H1_IDLE_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether anything goes on over it. At the second look in a row that finds nothing, what HTTP holds for it is
/// given back until something comes.
pub const H1_REST_LOOK_EVERY: Duration = Duration::from_millis(250);
/// From the first octet of a request's head to its last, over HTTP/1.1; over HTTP/2, of a frame other than DATA or of a header
/// block, and from the handshake to the client's first frame.
pub const HEADER_READ_MAX: Duration = Duration::from_secs(10);
/// Head of a request over HTTP/1.1; over HTTP/2 its fields, and the header block as it is sent.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;
/// Of these, the request line: a page of a search, with what stands beside it.
pub const REQUEST_LINE_BYTES_MAX: usize = records::bounds::PAGE_CHARACTERS_MAX + 2 * records::bounds::TARGET_BYTES_MAX;
/// Header fields of a request.
pub const HEADERS_MAX: usize = 100;
/// What is read at once of a head that did not come whole.
pub const HEAD_READ_BYTES: usize = 4 * 1024;
/// Digits in the size of a chunk: one chunk may have four GiB.
pub const CHUNK_SIZE_DIGITS_MAX: u8 = 8;
/// Trailers of a request, which are read and dropped.
pub const TRAILER_BYTES_MAX: usize = 4 * 1024;
/// How long what a client still sends is thrown away after the answer that closes its connection, so that it can read that one.
pub const LINGER_MAX: Duration = Duration::from_secs(2);
/// And how much of it.
pub const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// A client that takes nothing of what is being sent to it, not one octet, is cut after so long.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// HTTP/2: an answer of which its client takes nothing more is let go of after so long, and the store's with it. The pings of
/// such a client keep its socket busy, so [`WRITE_STALL_MAX`] does not find it. A piece is at most
/// [`READ_BUFFER_BYTES_MAX`]: two kilobytes in a second are enough.
pub const UNTAKEN_MAX: Duration = Duration::from_secs(45);
/// HTTP/2: an answer of ours (a page, a refusal) has to be taken within this; else its connection is cut. It fits any window that
/// clients open.
pub const PAGE_TAKEN_MAX: Duration = Duration::from_secs(15);
/// Or within this, where a source lets more than [`PAGES_UNTAKEN_PER_SOURCE`] of them wait.
pub const PAGE_TAKEN_SOON_MAX: Duration = Duration::from_secs(1);
/// Answers of ours that may wait for the clients of one source, in one worker, before these are hurried.
pub const PAGES_UNTAKEN_PER_SOURCE: usize = 256;
/// And at most: of more than so many, whichever is not taken at once cuts its connection.
pub const PAGES_UNTAKEN_PER_SOURCE_MAX: usize = 1024;
/// Send buffer of a client's socket, in the kernel (which takes twice as much for its own needs).
pub const SEND_BUFFER_BYTES: usize = 256 * 1024;
/// Read buffer of a client connection; at least a whole header section.
pub const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// A request body that must be read before it is decided on. `records` may ask for less.
pub const BODY_READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Time for reading such a body.
pub const BODY_READ_MAX: Duration = Duration::from_secs(30);
/// A streamed upload.
pub const UPLOAD_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// An answer of the store that must be read before it is released.
pub const ANSWER_READ_BYTES_MAX: usize = 16 * 1024 * 1024;
/// An answer written anew goes out in pieces of so many bytes.
pub const PIECE_BYTES: usize = 16 * 1024;
/// A searchset is checked, put on record and passed on in pieces of about this size.
pub const SIFTED_BYTES: usize = 64 * 1024;
/// For a page that is made here out of the store's, the store may take so long in all; the answer breaks off then.
pub const GATHERING_MAX: Duration = Duration::from_secs(20);
/// Records in the answer to a batch, which is held until its last entry is done.
pub const BATCH_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A batch begins no entry after so long.
pub const BATCH_MAX: Duration = Duration::from_secs(60);
/// Streams at once on one HTTP/2 connection.
pub const H2_STREAMS_MAX: u32 = 100;
/// HTTP/2: requests of one connection that begin in one round of a worker, where it has more than so many streams. Reading one and
/// deciding on it takes some hundredths of a millisecond.
pub const H2_BEGUN_A_ROUND: u32 = 4;
/// HTTP/2: streams reset by the client that are not yet accepted (CVE-2023-44487).
pub const H2_PENDING_RESETS_MAX: usize = 20;
/// HTTP/2: streams reset because of the client's own errors (CVE-2025-8671).
pub const H2_ERROR_RESETS_MAX: usize = 200;
/// HTTP/2: flow-control window of a stream and of a connection.
pub const H2_STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// See [`H2_STREAM_WINDOW_BYTES`].
pub const H2_CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// HTTP/2: bytes waiting to be sent on one stream.
pub const H2_SEND_BUFFER_BYTES_MAX: usize = 128 * 1024;
/// HTTP/2: what a client may send that moves nothing (settings, pings, priorities, small windows, empty pieces), at once and in a
/// second. Octets of bodies, either way, allow for more.
pub const H2_IDLE_FRAMES_MAX: u32 = 2000;
/// See [`H2_IDLE_FRAMES_MAX`].
pub const H2_IDLE_FRAMES_PER_SECOND: u32 = 200;
/// So many of them is one change of settings: it is a change for each stream, and a client makes one, or a few as it learns its way.
pub const H2_SETTINGS_COST: u32 = 50;
/// And one more for so many octets of bodies.
pub const H2_BODY_BYTES_PER_IDLE_FRAME: u32 = 256;
/// HTTP/2: streams reset, by either side, at once and in a second (CVE-2023-44487, CVE-2025-8671).
pub const H2_RESETS_MAX: u32 = 200;
/// See [`H2_RESETS_MAX`].
pub const H2_RESETS_PER_SECOND: u32 = 50;
/// HTTP/2: pieces of bodies with next to nothing in them, at once and in a second: each takes more memory than it has octets.
pub const H2_CRUMBS_MAX: u32 = 10_000;
/// See [`H2_CRUMBS_MAX`].
pub const H2_CRUMBS_PER_SECOND: u32 = 5000;
/// Fewer octets than this are next to nothing.
pub const H2_CRUMB_BYTES: u32 = 64;
/// HTTP/2: frames of one header block (CVE-2024-27316 and the like).
pub const H2_BLOCK_FRAMES_MAX: u32 = 16;
/// HTTP/2: a ping after so long without a frame, and how long its answer may take.
pub const H2_PING_AFTER: Duration = Duration::from_secs(30);
/// See [`H2_PING_AFTER`].
pub const H2_PING_ANSWER_MAX: Duration = Duration::from_secs(20);

/// Connecting to the store.
pub const STORE_CONNECT_MAX: Duration = Duration::from_secs(2);
/// A streamed upload, from its beginning to the head of the store's answer.
pub const UPLOAD_MAX: Duration = Duration::from_secs(3600);
/// A WebSocket of a mapped store is read in pieces of so many bytes, once more than a little comes at a time.
pub const SOCKET_PIECE_BYTES: usize = 16 * 1024;
/// And before that: most say little.
pub const SOCKET_FIRST_PIECE_BYTES: usize = 512;
/// A side of such a WebSocket that says nothing for so long is pinged, and let go of if it says nothing for as long again.
pub const SOCKET_SILENCE_MAX: Duration = Duration::from_secs(60);
/// Once one side has closed it, the other has so long to do so too.
pub const SOCKET_CLOSE_MAX: Duration = Duration::from_secs(5);
/// Whoever was told of its end is read for so long, and what he says thrown away, so that he hears it.
pub const SOCKET_LINGER_MAX: Duration = Duration::from_secs(1);
/// Drain: how long a call of gRPC may go on to its own end.
pub const CALL_DRAIN_MAX: Duration = Duration::from_secs(5);
/// Silence of the client in the middle of a streamed upload.
pub const UPLOAD_SILENCE_MAX: Duration = Duration::from_secs(30);
/// What a client must send of it in a second, over time: slower than that is silence.
pub const UPLOAD_BYTES_PER_SECOND_MIN: u64 = 240;
/// From connecting to the head of the store's answer, for everything but a streamed upload.
pub const STORE_ANSWER_MAX: Duration = Duration::from_secs(30);
/// Interim answers (1xx) of the store before the one that counts.
pub const INTERIM_ANSWERS_MAX: usize = 8;
/// Reading the whole of an answer that must be read before it is released.
pub const STORE_READ_MAX: Duration = Duration::from_secs(30);
/// Open connections at the store's door: a store fetches keys now and then.
pub const STORE_DOOR_CONNECTIONS_MAX: usize = 64;
/// Idle connections to one store that a worker keeps.
pub const STORE_IDLE_PER_WORKER_MAX: usize = 64;
/// For how long: stores close theirs after a minute or so, and what is sent just then is lost.
pub const STORE_IDLE_MAX: Duration = Duration::from_secs(50);
/// How often those are looked for that are closed, or were idle for too long.
pub const STORE_IDLE_LOOK_EVERY: Duration = Duration::from_secs(1);
/// A connection that was idle for so long may have been closed just now: what may be repeated is, if it breaks.
pub const STORE_IDLE_DOUBTED: Duration = Duration::from_secs(1);
/// Stores that are one to whoever asks.
pub const STORES_MAX: usize = 16;
/// Connections to one store, of all workers, where the settings say nothing else.
pub const STORE_CONNECTIONS_MAX: u32 = 4096;
/// Requests at once to one store, of all workers, where the settings say nothing else.
pub const STORE_AT_ONCE: u16 = 512;
/// Requests that wait for a place, of each lane, where the settings say nothing else.
pub const STORE_QUEUE: usize = 128;
/// For how long, where the settings say nothing else. Who is refused hears it within 50 ms.
pub const STORE_QUEUE_WAIT: Duration = Duration::from_millis(40);
/// Who is refused because the stores or a worker are busy comes again after so many seconds.
pub const BUSY_AGAIN_SECONDS: u32 = 1;
/// HTTP/2 to a store: streams at once on one connection, beyond which another is opened.
pub const STORE_H2_STREAMS_MAX: u32 = 100;
/// HTTP/2 to a store: a ping after so long without a frame while something is asked, and how long its answer may take.
pub const STORE_H2_PING_AFTER: Duration = Duration::from_secs(10);
/// See [`STORE_H2_PING_AFTER`].
pub const STORE_H2_PING_ANSWER_MAX: Duration = Duration::from_secs(10);
/// Failures in a row after which a store is not asked for a while.
pub const STORE_FAILURES_IN_A_ROW_MAX: u8 = 5;
/// For how long, in milliseconds, the first time; doubled each time.
pub const STORE_REST_MILLIS: u64 = 1000;
/// And at most.
pub const STORE_REST_MILLIS_MAX: u64 = 8000;
/// A request on trial of which nothing is heard for so long, in milliseconds, is waited for no longer: another may go.
pub const STORE_TRIAL_MILLIS: u64 = 5000;
/// How often at most the log says how many found no place.
pub const BUSY_TOLD_EVERY_SECONDS: u64 = 10;
/// How often at most a store is looked at that rests, or has left a long request without an answer.
pub const STORE_PROBE_EVERY: Duration = Duration::from_millis(200);
/// How long it may take to answer then; a trial lasts longer.
pub const STORE_PROBE_MAX: Duration = Duration::from_secs(3);
/// Looking after a store, where the settings say what for and nothing else: how often.
pub const STORE_LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long it may take to answer.
pub const STORE_LOOK_MAX: Duration = Duration::from_secs(2);
/// Looks in a row that find it unwell until it is left out: one that is missed is none.
pub const STORE_UNWELL_AFTER: u32 = 3;
/// Looks in a row that find it well until it is back.
pub const STORE_WELL_AFTER: u32 = 2;
/// For so many requests one may be asked twice.
pub const RETRY_EVERY: u32 = 10;
/// Retries that a worker keeps for later.
pub const RETRIES_KEPT_MAX: u32 = 10;

/// Answers of the store of which a worker remembers whose they are; each takes some 200 octets.
pub const ATTRIBUTIONS_MAX: usize = 8192;

/// For so many milliseconds an answer about reading counts, as long as nothing changes: what ends by the clock alone may be opened
/// that much longer. All that is alive is asked about again by the clock, much less often ([`SWEEPS_PER_JUDGEMENT`]).
pub const DECISION_COUNTS_MAX: i64 = 100;
/// Answers that a worker remembers; when there are more it begins anew.
pub const DECISIONS_REMEMBERED_MAX: usize = 4096;

/// Every so many decisions Cedar is asked too, and held against the compiled rules.
pub const CEDAR_ASKED_EVERY: u32 = 1024;
/// Records whose person a worker remembers.
pub const INDEX_RECORDS_MAX: usize = 50_000;
/// Subjects whose buckets and wrong guesses are remembered.
pub const SUBJECTS_MAX: usize = 50_000;
/// TLS sessions kept for resumption (each a few hundred bytes).
pub const TLS_SESSIONS_MAX: usize = 20_000;
/// Certificates that were read lately, of all workers together (each about two kilobytes; with the chain of another authority, some
/// more).
pub const READINGS_MAX: usize = 4096;
/// Certificates between a terminal's and a trusted one of another authority that are looked at.
pub const EXTERNAL_CHAIN_MAX: usize = 6;
/// Longest revocation list of another authority, in octets: a million entries.
pub const EXTERNAL_LIST_OCTETS_MAX: u64 = 64 << 20;
/// How often the files of other authorities' lists are looked at.
pub const EXTERNAL_LISTS_EVERY: Duration = Duration::from_secs(2);
/// Identity tokens kept for their half minute.
pub const IDENTITY_TOKENS_MAX: usize = 10_000;
/// Threads of one worker for what blocks: password checks, and reading the audit log.
pub const BLOCKING_THREADS_MAX: usize = 16;
/// Password checks at once: each takes 19 MiB and tens of milliseconds of a core.
pub const PASSWORD_CHECKS_MAX: usize = 4;
/// A sign-in form or JSON body.
pub const FORM_BYTES_MAX: usize = 8 * 1024;
/// Requests in flight of one user ID in one worker.
pub const REQUESTS_PER_USER_MAX: u32 = 64;
/// Requests in flight in one worker.
pub const REQUESTS_PER_WORKER_MAX: u32 = 4096;
/// Requests in flight in one worker from which on it is looked how late it is.
pub const TURNS_WATCHED_FROM: u32 = 8;
/// How often it is looked then.
pub const TURN_BEAT: Duration = Duration::from_millis(4);
/// What takes less than this needs no turn of its own.
pub const PIECE_AT_LEAST: Duration = Duration::from_micros(50);
/// How long a piece of a search may wait before a worker takes on fewer searches. Few have more than four pieces: most of what is
/// taken on is done within a tenth of a second or two.
pub const TURNS_SEARCH_LATE_MAX: Duration = Duration::from_millis(30);
/// How late a worker may be before it takes on fewer requests of any kind.
pub const TURNS_LATE_MAX: Duration = Duration::from_millis(16);
/// So many are taken on in any case: as many as a facility's terminals may ask for at once, and are done in a blink. A machine that is slow
/// for another reason is no reason to refuse them.
pub const TURNS_AT_LEAST: u32 = 128;
/// So many searches: something has to be done, or nobody would learn that there is time again.
pub const TURNS_SEARCH_AT_LEAST: u32 = 8;
/// And so many unless pieces wait three times as long as they should: more than one user ID may have, so that nobody keeps all others
/// from searching.
pub const TURNS_SEARCH_USUALLY: u32 = 72;
/// After so many looks without a refusal as many are taken on as come, and with little in flight it is looked no more.
pub const TURNS_CALM_BEATS: u32 = 250;
/// While many are refused a client with something to say waits so long, and is heard with all that has come from it by then.
pub const HEARD_EVERY: Duration = Duration::from_millis(24);
/// So many within that time are many.
pub const ROUNDS_FROM: u32 = 8;
/// After so many such times in a row with fewer everybody is heard at once again.
pub const ROUNDS_CALM: u32 = 3;

/// The registry may be silent for so long before no record is served any more.
pub const REGISTRY_SILENCE_MAX: Duration = Duration::from_secs(5);
/// How often live exchanges are judged anew because of the time of day (validity, ends, silence of the registry).
pub const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// A stream that was cut and is not let go of for so long takes its connection along, at the next sweep.
pub const LET_GO_MAX: Duration = Duration::from_secs(1);
/// Every so many sweeps, each exchange is judged by the whole policy too.
pub const SWEEPS_PER_JUDGEMENT: u64 = 10;
/// All look-ups of a transaction together: who may do it at all is asked anew after them.
pub const TRANSACTION_LOOK_UPS_MAX: Duration = Duration::from_secs(15);
/// Look-ups at the store that one request may cause; each beyond the first is charged like a request.
pub const LOOK_UPS_MAX: usize = 256;
/// Of these, at once.
pub const LOOK_UPS_AT_ONCE_MAX: usize = 8;
/// What they show is held until all are made: so much of one request, with what is kept for those not begun. Beside it are the read
/// buffers of the connections to the store, and a copy of one answer while it is joined.
pub const LOOK_UPS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Held by look-ups, of all requests of a worker together.
pub const LOOK_UPS_POOL_BYTES: usize = 512 * 1024 * 1024;
/// Of these, of all requests of one user ID.
pub const LOOK_UPS_USER_BYTES: usize = LOOK_UPS_POOL_BYTES / 8;
/// Of these, kept for each look-up that the words of a request name, and for one more, before the first is made: a request that gets
/// none is refused by its words alone. What is longer takes its octets as they come; where there are none left it is not available,
/// as where it is too long.
pub const LOOK_UP_KEPT_BYTES: usize = 64 * 1024;
/// Who finds no room for look-ups comes again after so many seconds: others hold theirs for as long as a store takes to answer.
pub const LOOK_UPS_AGAIN_SECONDS: u32 = 5;
/// Moments at which it may be said that a record is not available: several times what it takes to find out, so that most of
/// these answers are given at the first.
pub const ONE_ANSWER_EVERY: Duration = Duration::from_millis(25);
/// How long the answer to a deletion waits until it is marked on its order; it goes out then all the same.
pub const MARK_WAIT_MAX: Duration = Duration::from_secs(2);
/// Pauses between tries to mark it; after the last the officer is told.
pub const MARK_PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(5)];
/// Receipts of revocations that one entry of the registry takes.
pub const RECEIPTS_AT_ONCE: usize = 500;
/// A registry that could not be written is told of receipts again after so long.
pub const RECEIPT_AGAIN: Duration = Duration::from_secs(1);
/// Connections at once, of one worker, on which terminals are told that their certificate has ended.
pub const ISOLATED_CONNECTIONS_MAX: usize = 64;
/// Longest such a connection lasts, after its handshake.
pub const ISOLATED_MAX: Duration = Duration::from_secs(10);
/// What is answered on one of them, over HTTP/2: whoever goes on asking does not want to know.
pub const ISOLATED_ANSWERS_MAX: u32 = 8;
/// Drain: how long open exchanges may go on after the order to stop.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);
/// An identity token's life; the store accepts it no longer (and a cached one is replaced after half of it).
pub const IDENTITY_TOKEN_SECONDS: i64 = 60;
/// How long a sign-in form may stay open.
pub const FORM_TOKEN_SECONDS_MAX: i64 = 2 * 3600;
/// A session cookie is written anew when it was last written so long ago.
pub const SESSION_TOUCH_SECONDS: i64 = 60;

const _: () = assert!(records::bounds::PAGE_CHARACTERS_MAX < HEADER_BYTES_MAX / 2, "a page fits a header section");
const _: () = assert!(READ_BUFFER_BYTES_MAX >= HEADER_BYTES_MAX, "a header section must fit the read buffer");
const _: () = assert!(FIRST_OCTET_MAX.as_millis() < HANDSHAKE_MAX.as_millis(), "who says nothing goes first");
const _: () = assert!(PROXY_HEADER_BYTES_MAX >= 536, "as much of a header as a receiver should take");
const _: () = assert!(REQUEST_LINE_BYTES_MAX < HEADER_BYTES_MAX, "behind a request line there is room for fields");
const _: () =
    assert!(H1_REST_LOOK_EVERY.as_millis() * 10 < H1_IDLE_MAX.as_millis(), "who says nothing rests before he goes");
const _: () = assert!(HEADER_READ_MAX.as_secs() <= H1_IDLE_MAX.as_secs(), "hyper counts both as one");
const _: () = assert!(PAGE_TAKEN_SOON_MAX.as_millis() < PAGE_TAKEN_MAX.as_millis(), "a crowd is hurried");
const _: () = assert!(PAGES_UNTAKEN_PER_SOURCE < PAGES_UNTAKEN_PER_SOURCE_MAX, "first hurried, then cut");
const _: () = assert!(CHUNK_SIZE_DIGITS_MAX <= 15, "the size of a chunk fits 64 bits");
const _: () = assert!(
    H2_BLOCK_FRAMES_MAX as usize * 16_384 >= HEADER_BYTES_MAX,
    "a header block has room in its frames, each as long as is agreed on"
);
const _: () =
    assert!(H2_RESETS_MAX >= 2 * H2_STREAMS_MAX, "who leaves a page may reset all of its streams, and come again");
const _: () = assert!(
    H2_IDLE_FRAMES_MAX / H2_SETTINGS_COST >= 20,
    "a client that learns its way changes its window again and again"
);
const _: () = assert!(H2_RESETS_MAX as usize <= H2_ERROR_RESETS_MAX, "ours are counted by the second: they go first");
const _: () = assert!(
    H2_CRUMB_BYTES < H2_BODY_BYTES_PER_IDLE_FRAME && 2 * H2_BODY_BYTES_PER_IDLE_FRAME <= 16_384,
    "a full piece allows for an update of both windows, crumbs for none"
);
const _: () =
    assert!(H2_STREAM_WINDOW_BYTES < H2_CONNECTION_WINDOW_BYTES, "one stream does not shut the others' window");
const _: () = assert!(WRITE_STALL_MAX.as_secs() < UNTAKEN_MAX.as_secs(), "who takes nothing at all goes first");
const _: () = assert!(LINGER_MAX.as_millis() < DRAIN_MAX.as_millis(), "what is closing holds up no drain");
const _: () = assert!(CONNECTIONS_PER_SOURCE_MAX < CONNECTIONS_PER_WORKER_MAX, "one source must not take all");
const _: () = assert!(PASSWORD_CHECKS_MAX < BLOCKING_THREADS_MAX, "password checks must not take all threads");
const _: () = assert!(FORM_BYTES_MAX < BODY_READ_BYTES_MAX, "a form is the smallest body");
const _: () = assert!(ANSWER_READ_BYTES_MAX <= BATCH_ANSWER_BYTES_MAX, "one entry may fill the answer to a batch");
const _: () =
    assert!(records::bounds::BUNDLE_PERSONS_MAX <= audit::PERSONS_MAX, "a transaction fits one entry of the log");
// The facts of a decision take less than 2 KiB (`audit::facts`).
const _: () = assert!(records::bounds::QUESTIONS_MAX * 2048 <= audit::FACTS_BYTES_MAX, "an entry holds every decision");
// A conditional update looks for its record and for its version.
const _: () = assert!(records::bounds::LINKS_MAX + 2 <= LOOK_UPS_MAX, "a record with all its links can be written");
const _: () = assert!(
    ANSWER_READ_BYTES_MAX + (LOOK_UPS_MAX + 1) * LOOK_UP_KEPT_BYTES <= LOOK_UPS_BYTES_MAX,
    "beside as many look-ups as may be, one may fill an answer"
);
const _: () = assert!(LOOK_UPS_BYTES_MAX <= LOOK_UPS_USER_BYTES, "whoever sends one request at a time has room for it");
const _: () = assert!(LOOK_UPS_USER_BYTES < LOOK_UPS_POOL_BYTES, "no user ID takes all");
const _: () = assert!(
    2 * LOOK_UP_KEPT_BYTES * REQUESTS_PER_USER_MAX as usize <= LOOK_UPS_USER_BYTES,
    "as many requests of one user ID as may be can keep room for one look-up each, while none takes more"
);
const _: () = assert!(
    2 * LOOK_UP_KEPT_BYTES * REQUESTS_PER_WORKER_MAX as usize <= LOOK_UPS_POOL_BYTES,
    "and so can as many of all user IDs as may be, while none takes more"
);
const _: () = assert!(
    (REGISTRY_SILENCE_MAX.as_secs() + SWEEP_EVERY.as_secs()).cast_signed() < registry::REVOCATION_EFFECTIVE_SECONDS,
    "what has not heard of a revocation serves nothing by the time it counts as in effect"
);
const _: () = assert!(ISOLATED_CONNECTIONS_MAX < CONNECTIONS_PER_WORKER_MAX, "whoever is told so must not take all");
const _: () = assert!(SWEEP_EVERY.as_millis() < REGISTRY_SILENCE_MAX.as_millis(), "silence must be seen in time");
const _: () = assert!(CALL_DRAIN_MAX.as_millis() < DRAIN_MAX.as_millis(), "a call hears of the end");
const _: () = assert!(SOCKET_CLOSE_MAX.as_millis() < DRAIN_MAX.as_millis(), "a WebSocket is closed before the end");
const _: () = assert!(SOCKET_LINGER_MAX.as_millis() < SOCKET_CLOSE_MAX.as_millis(), "and heard of it");
const _: () = assert!(SOCKET_FIRST_PIECE_BYTES < SOCKET_PIECE_BYTES, "it grows");
const _: () = assert!(MARK_WAIT_MAX.as_millis() < DRAIN_MAX.as_millis(), "a deletion is marked before the end");
const _: () = assert!(
    HEARD_EVERY.as_millis() + TURNS_LATE_MAX.as_millis() < 50,
    "aimed at: who is refused by a busy worker hears it within 50 ms, most often: it waits to be heard, and is read, made and written in three turns"
);
const _: () = assert!(TURNS_SEARCH_AT_LEAST >= TURNS_WATCHED_FROM, "whoever is refused is so while somebody looks");
const _: () = assert!(TURNS_SEARCH_USUALLY > REQUESTS_PER_USER_MAX, "one user ID leaves room for others");
const _: () = assert!(TURNS_SEARCH_AT_LEAST < TURNS_AT_LEAST, "searches give way to care");
const _: () = assert!(STORE_QUEUE_WAIT.as_millis() < 50, "who finds no place is told so within 50 ms");
const _: () = assert!(STORE_PROBE_MAX.as_millis() < STORE_TRIAL_MILLIS as u128, "one is on trial at a time");
const _: () = assert!(STORE_REST_MILLIS <= STORE_REST_MILLIS_MAX && STORE_FAILURES_IN_A_ROW_MAX > 1);
const _: () = assert!(STORE_AT_ONCE as u32 <= STORE_CONNECTIONS_MAX, "whoever has a place finds a connection");
const _: () = assert!(STORE_IDLE_DOUBTED.as_millis() < STORE_IDLE_MAX.as_millis(), "what is doubted is still kept");
const _: () = assert!(STORE_LOOK_MAX.as_millis() < STORE_LOOK_EVERY.as_millis(), "one look at a time");
const _: () = assert!(UPLOAD_SILENCE_MAX.as_secs() < UPLOAD_MAX.as_secs(), "silence is seen within an upload's time");
const _: () = assert!(STORE_CONNECT_MAX.as_millis() < STORE_ANSWER_MAX.as_millis(), "connecting is part of answering");
