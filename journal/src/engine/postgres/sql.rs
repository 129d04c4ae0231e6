//! The statements, and the tables they are about.

use super::FORMAT;
use crate::{Hash, Position};

/// The statements of one journal, its name put in. The name was checked to be of `a-z _` ([`Place::check`]).
#[derive(Clone)]
pub(super) struct Sql {
    pub(super) create: String,
    pub(super) head_table: String,
    pub(super) format: String,
    pub(super) begin: String,
    pub(super) insert: String,
    pub(super) head: String,
    pub(super) hash_of_row: String,
    pub(super) row_before: String,
    pub(super) rows: String,
    pub(super) tail: String,
    pub(super) cut: [String; 4],
    pub(super) set_head: String,
    pub(super) save_piece: String,
    pub(super) save_snapshot: String,
    pub(super) drop_snapshots: [String; 2],
    pub(super) snapshots: String,
    pub(super) snapshot: String,
    pub(super) pieces: String,
    pub(super) listen: String,
}

impl Sql {
    pub(super) fn new(n: &str) -> Self {
        let lock = format!("SELECT pg_advisory_xact_lock({})", lock_key(n));
        let head = format!("SELECT position, encode(hash, 'hex') AS hash FROM {n}_head");
        let columns = "first, count, hash, body";
        let kept = format!("(SELECT min(at) FROM (SELECT at FROM {n}_snapshot ORDER BY at DESC LIMIT $1) AS kept)");
        Self {
            create: format!(
                "BEGIN; {lock};
                 CREATE TABLE IF NOT EXISTS {n}_batch (first bigint PRIMARY KEY, count bigint NOT NULL,
                     hash bytea NOT NULL, body bytea NOT NULL);
                 CREATE TABLE IF NOT EXISTS {n}_batch_cut (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                     first bigint NOT NULL, count bigint NOT NULL, hash bytea NOT NULL, body bytea NOT NULL);
                 CREATE TABLE IF NOT EXISTS {n}_snapshot (at bigint PRIMARY KEY, pieces bigint NOT NULL,
                     digest bytea NOT NULL);
                 CREATE TABLE IF NOT EXISTS {n}_snapshot_piece (at bigint NOT NULL, piece bigint NOT NULL,
                     body bytea NOT NULL, PRIMARY KEY (at, piece));
                 CREATE TABLE IF NOT EXISTS {n}_head (one boolean PRIMARY KEY CHECK (one), format integer NOT NULL,
                     position bigint NOT NULL, hash bytea NOT NULL);
                 INSERT INTO {n}_head SELECT true, {FORMAT}, 0, decode(repeat('00', 32), 'hex')
                     WHERE NOT EXISTS (SELECT FROM {n}_batch) ON CONFLICT DO NOTHING;
                 COMMIT"
            ),
            head_table: format!("{n}_head"),
            format: format!("SELECT format FROM {n}_head"),
            begin: format!("BEGIN; {lock}; {head}"),
            insert: format!(
                "WITH added AS (INSERT INTO {n}_batch ({columns}) VALUES ($1, $2, $3, $4)),
                      moved AS (UPDATE {n}_head SET position = $5, hash = $3)
                 SELECT pg_notify('{n}', $5::bigint::text)"
            ),
            head,
            hash_of_row: format!("SELECT hash FROM {n}_batch WHERE first = $1"),
            row_before: format!(
                "SELECT first, count, hash, ''::bytea FROM {n}_batch WHERE first < $1 ORDER BY first DESC LIMIT 1"
            ),
            // The running sum leaves out rows behind the bound, and never the first.
            rows: format!(
                "SELECT {columns} FROM (
                     SELECT {columns}, sum(octet_length(body)) OVER (ORDER BY first) - octet_length(body) AS bytes_before
                     FROM (SELECT {columns} FROM {n}_batch
                           WHERE first >= coalesce((SELECT max(first) FROM {n}_batch WHERE first <= $1), 0)
                           ORDER BY first LIMIT $2) AS stretch) AS summed
                 WHERE bytes_before < $3::bigint ORDER BY first"
            ),
            tail: format!("SELECT {columns} FROM {n}_batch ORDER BY first DESC LIMIT $1"),
            cut: [
                format!("INSERT INTO {n}_batch_cut ({columns}) SELECT {columns} FROM {n}_batch WHERE first > $1"),
                format!("DELETE FROM {n}_batch WHERE first > $1"),
                format!("DELETE FROM {n}_snapshot WHERE at > $1"),
                format!("DELETE FROM {n}_snapshot_piece WHERE at > $1"),
            ],
            set_head: format!("UPDATE {n}_head SET position = $1, hash = $2"),
            save_piece: format!(
                "INSERT INTO {n}_snapshot_piece VALUES ($1, $2, $3) ON CONFLICT (at, piece) DO UPDATE SET body = $3"
            ),
            save_snapshot: format!(
                "INSERT INTO {n}_snapshot VALUES ($1, $2, $3) ON CONFLICT (at) DO UPDATE SET pieces = $2, digest = $3"
            ),
            drop_snapshots: [
                format!("DELETE FROM {n}_snapshot WHERE at < {kept}"),
                format!("DELETE FROM {n}_snapshot_piece WHERE at < {kept}"),
            ],
            snapshots: format!("SELECT at FROM {n}_snapshot ORDER BY at DESC"),
            snapshot: format!("SELECT pieces, digest FROM {n}_snapshot WHERE at = $1"),
            pieces: format!("SELECT body FROM {n}_snapshot_piece WHERE at = $1 AND piece < $2 ORDER BY piece"),
            listen: format!("LISTEN {n}"),
        }
    }
}

/// Key of the advisory lock: the first 8 octets of a hash of the name, so that journals of one database do not share one.
fn lock_key(name: &str) -> i64 {
    let digest = crate::chain::hash(&Hash::START, Position::START, name.as_bytes());
    digest.octets().first_chunk::<8>().map_or(0, |octets| i64::from_be_bytes(*octets))
}
