//! A map as it is written. Closed: a key that is not known is a fault.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapFile {
    pub(super) name: String,
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) kinds: BTreeMap<String, KindTable>,
    pub(super) routes: Vec<RouteTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindTable {
    pub(super) category: String,
    #[serde(default)]
    pub(super) sensitive: bool,
    pub(super) look_up: Option<LookUpTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookUpTable {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) person: String,
    pub(super) authors: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) kind: Option<String>,
    pub(super) action: Option<String>,
    #[serde(default)]
    pub(super) person: Vec<String>,
    #[serde(default)]
    pub(super) query: BTreeMap<String, FieldTable>,
    pub(super) metadata: Option<String>,
    pub(super) body: Option<BodyTable>,
    pub(super) answer: AnswerTable,
    pub(super) seconds_max: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldTable {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) least: Option<i64>,
    pub(super) most: Option<i64>,
    pub(super) words: Option<Vec<String>>,
    pub(super) characters_max: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyTable {
    pub(super) form: String,
    pub(super) bytes_max: usize,
    pub(super) authors: Option<String>,
    pub(super) fields: BTreeMap<String, FieldTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerTable {
    pub(super) form: String,
    pub(super) id: Option<String>,
    pub(super) person: Option<String>,
    pub(super) list: Option<String>,
    pub(super) count: Option<String>,
    pub(super) beside: Option<BTreeMap<String, FieldTable>>,
    pub(super) marker: Option<String>,
    pub(super) to: Option<String>,
    pub(super) types: Option<Vec<String>>,
    pub(super) protocols: Option<Vec<String>>,
    pub(super) message_bytes_max: Option<u64>,
}
