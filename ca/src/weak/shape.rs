//! Moduli that no good generator draws: too few or too many bits set, one octet many times in a row, and the key of the xz
//! backdoor. Of 2048 bits that are drawn, none of this is seen in the lifetime of the world.

/// A share of bits set outside these is no chance, in percent.
const SET: std::ops::RangeInclusive<usize> = 40..=60;
/// So many octets alike in a row are no chance.
const ALIKE: usize = 16;

/// None of it holds. The octets are the modulus's, without zeros before them.
pub(super) fn looks_drawn(modulus: &[u8]) -> bool {
    let set: usize = modulus.iter().map(|octet| octet.count_ones() as usize).sum();
    let share = set * 100 / (modulus.len() * 8).max(1);
    let alike = modulus.windows(ALIKE).any(|window| window.iter().all(|octet| Some(octet) == window.first()));
    SET.contains(&share) && !alike && !is_backdoor(modulus)
}

/// CVE-2024-3094: sshd's ear listened for moduli in which a * b + c is 0 to 3. No terminal has one.
fn is_backdoor(modulus: &[u8]) -> bool {
    let sign: &[u8] = if modulus.first().is_some_and(|top| *top >= 0x80) { &[0] } else { &[] };
    let octets = [sign, modulus].concat();
    let number = |from: usize, to: usize| {
        let part = octets.get(from..to).unwrap_or_default();
        part.iter().rev().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet))
    };
    number(0, 4).wrapping_mul(number(4, 8)).wrapping_add(number(8, 16)) <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backdoors_moduli_are_seen() {
        let mut modulus = vec![0x5a_u8; 256];
        modulus
            .iter_mut()
            .enumerate()
            .for_each(|(at, octet)| *octet = octet.wrapping_mul(u8::try_from(at).unwrap() | 1));
        modulus[0] = 0x40;
        let (a, b) = (
            u32::from_le_bytes(modulus[..4].try_into().unwrap()),
            u32::from_le_bytes(modulus[4..8].try_into().unwrap()),
        );
        assert!(!is_backdoor(&modulus));
        let c = 2_u64.wrapping_sub(u64::from(a) * u64::from(b));
        modulus[8..16].copy_from_slice(&c.to_le_bytes());
        assert!(is_backdoor(&modulus));
    }
}
