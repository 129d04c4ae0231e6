//! Text in pieces (RFC 6455 5.6, 8.1): UTF-8, wherever it was cut.

/// The end of a text so far that is the beginning of a character: at most three octets.
#[derive(Default)]
pub(super) struct Unfinished {
    octets: [u8; 4],
    count: usize,
}

impl Unfinished {
    pub(super) const fn is_finished(&self) -> bool {
        self.count == 0
    }

    /// Whether the text is UTF-8 with this piece, wherever that was cut.
    pub(super) fn goes_on(&mut self, mut piece: &[u8]) -> bool {
        while self.count > 0 {
            let Some((next, rest)) = piece.split_first() else { return true };
            let Some(place) = self.octets.get_mut(self.count) else { return false };
            *place = *next;
            self.count += 1;
            piece = rest;
            match std::str::from_utf8(self.octets.get(..self.count).unwrap_or_default()) {
                Ok(_) => self.count = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        let Err(error) = std::str::from_utf8(piece) else { return true };
        let tail = piece.get(error.valid_up_to()..).unwrap_or_default();
        let Some(kept) = self.octets.get_mut(..tail.len()) else { return false };
        if error.error_len().is_some() {
            return false;
        }
        kept.copy_from_slice(tail);
        self.count = tail.len();
        true
    }
}
