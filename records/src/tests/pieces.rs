//! Pieces of which the properties put targets and bodies together that are mostly nearly right.

use proptest::prelude::*;

/// What means something in any target, or looks as if it did.
const ANYWHERE: &[&str] = &[
    "/",
    "//",
    "/.",
    "/..",
    "%2f",
    "%2e",
    "%00",
    "%25",
    "+",
    ";",
    "#",
    "?",
    "&",
    "=",
    ",",
    ":",
    "あ",
    "%E3%81%82",
    "%C0%AF",
    "[]",
    "*",
    "P-1",
];

/// One of these, or of those that mean something anywhere.
pub(super) fn words(own: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select([ANYWHERE, own].concat())
}

/// Up to seven of them in a row, and now and then any characters.
pub(super) fn pieces(own: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![8 => words(own).prop_map(str::to_owned), 1 => "\\PC{0,3}"];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}
