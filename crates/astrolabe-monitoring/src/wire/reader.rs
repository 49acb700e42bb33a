//! Bytes from strangers into numbers and texts: everything is bounded, nothing is believed.

use std::sync::Arc;

use super::Refusal;
use crate::value::Value;

/// What is left of a datagram.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Refusal::Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| Refusal::Malformed)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Refusal> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn word(&mut self) -> Result<u64, Refusal> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(super) fn varint(&mut self) -> Result<u64, Refusal> {
        // BEGIN SOLUTION stage 6: seven bits a byte; what of one that never ends, or says too much?
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Refusal::Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Refusal::Malformed)
        // END SOLUTION
    }

    /// A count, at most `most`: what is reserved for it can't be more than was foreseen.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, Refusal> {
        let count = usize::try_from(self.varint()?).map_err(|_| Refusal::Malformed)?;
        if count > most {
            return Err(Refusal::Malformed);
        }
        Ok(count)
    }

    /// A text of at most `most` bytes, of letters that can be shown.
    pub(super) fn text(&mut self, most: usize) -> Result<&'a str, Refusal> {
        let count = self.count(most)?;
        let text = std::str::from_utf8(self.bytes(count)?).map_err(|_| Refusal::Malformed)?;
        let shown = |c: char| c == ' ' || c.is_ascii_graphic();
        text.chars()
            .all(shown)
            .then_some(text)
            .ok_or(Refusal::Malformed)
    }

    pub(super) fn shared_text(&mut self, most: usize) -> Result<Arc<str>, Refusal> {
        self.text(most).map(Arc::from)
    }

    pub(super) fn value(&mut self) -> Result<Value, Refusal> {
        let number = self.varint()?;
        let sign = -(number & 1).cast_signed();
        Ok(Value::from_thousandths((number >> 1).cast_signed() ^ sign))
    }

    /// A list of at most `most` items.
    pub(super) fn list<T>(
        &mut self,
        most: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let count = self.count(most)?;
        (0..count).map(|_| item(self)).collect()
    }
}
