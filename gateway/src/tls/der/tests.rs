//! Tests of reading DER: one encoding each that fits, and its neighbours that do not.

use super::{next, strict};

#[track_caller]
fn check(fits: &[u8], does_not: &[&[u8]]) {
    assert!(strict(fits).is_ok(), "{fits:02x?}");
    for wrong in does_not {
        assert!(strict(wrong).is_err(), "{wrong:02x?}");
    }
}

#[test]
fn lengths_are_definite_and_short() {
    check(&[4, 1, 7], &[&[4, 0x81, 1, 7], &[0x24, 0x80, 4, 1, 7, 0, 0], &[4, 2, 7], &[4], &[0x1f, 0x81, 1, 0]]);
    let mut long = vec![4, 0x81, 0x80];
    long.extend([0; 128]);
    let mut padded = vec![4, 0x82, 0, 0x80];
    padded.extend([0; 128]);
    check(&long, &[&padded]);
}

#[test]
fn values_have_one_encoding() {
    check(&[1, 1, 0xff], &[&[1, 1, 1], &[1, 1, 0], &[1, 0]]);
    check(&[2, 1, 0], &[&[2, 0], &[2, 2, 0, 0x7f], &[2, 2, 0xff, 0x80]]);
    check(&[3, 2, 3, 0xf8], &[&[3, 2, 3, 0xff], &[3, 2, 8, 0], &[3, 1, 1], &[3, 0]]);
    check(&[5, 0], &[&[5, 1, 0]]);
    check(&[6, 3, 0x55, 0x1d, 0x0f], &[&[6, 0], &[6, 2, 0x55, 0x80], &[6, 3, 0x55, 0x80, 1]]);
    check(&[0x13, 2, b'a', b'.'], &[&[0x13, 1, b'*'], &[0x13, 1, b'_']]);
    check(&[0x0c, 2, 0xc3, 0xa4], &[&[0x0c, 1, 0xc3]]);
}

#[test]
fn times_have_seconds_and_no_fraction() {
    let utc = b"\x17\x0d260101000000Z";
    check(utc, &[b"\x17\x0b2601010000Z", b"\x17\x112601010000+0900", b"\x17\x0d26010100000xZ"]);
    check(b"\x18\x0f20500101000000Z", &[b"\x18\x1120500101000000.5Z", b"\x18\x0e20500101000000"]);
}

#[test]
fn sets_are_sorted_and_strings_are_whole() {
    check(&[0x31, 6, 2, 1, 1, 2, 1, 2], &[&[0x31, 6, 2, 1, 2, 2, 1, 1], &[0x24, 3, 4, 1, 0]]);
}

#[test]
fn nesting_has_a_bound() {
    let nested =
        |levels: usize| (0..levels).fold(vec![], |inner: Vec<u8>, _| [vec![0x30, inner.len() as u8], inner].concat());
    check(&nested(20), &[&nested(40)]);
}

#[test]
fn what_follows_is_left() {
    let mut input: &[u8] = &[5, 0, 2, 1, 1];
    assert_eq!(next(&mut input).unwrap().whole, [5, 0]);
    assert_eq!(input, [2, 1, 1]);
}
