//! Octets as digits. Numbers of certificates and of audit entries are written several times for each request: not digit by digit
//! through a formatter.

/// The octets as two lower-case hexadecimal digits each, written into `digits`, which must have room for them: what does not fit is
/// left out.
pub fn hexadecimal<'a>(octets: &[u8], digits: &'a mut [u8]) -> &'a str {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let mut written = 0;
    for (pair, octet) in digits.chunks_exact_mut(2).zip(octets) {
        pair.copy_from_slice(&[digit(octet >> 4), digit(octet & 0xf)]);
        written += 2;
    }
    // Digits are ASCII.
    digits.get(..written).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
}
