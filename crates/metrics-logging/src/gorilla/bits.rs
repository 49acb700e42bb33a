//! Numbers of any width, one after another, the highest bit first.

/// Appends bits.
#[derive(Clone, Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that don't make eight bytes yet, at the high end.
    open: u64,
    used: u32,
}

impl BitWriter {
    /// Writes the low `bits` bits of a number (at most 64).
    #[inline]
    pub fn write(&mut self, number: u64, bits: u32) {
        debug_assert!(bits <= 64, "a number has 64 bits");
        if bits == 0 {
            return;
        }
        let number = number & (u64::MAX >> (64 - bits));
        let room = 64 - self.used;
        if bits < room {
            self.open |= number << (room - bits);
            self.used += bits;
        } else {
            let over = bits - room;
            self.bytes
                .extend_from_slice(&(self.open | number >> over).to_be_bytes());
            self.open = if over == 0 { 0 } else { number << (64 - over) };
            self.used = over;
        }
    }

    /// The bytes so far, the last one filled up with zeros.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let rest = self.used.div_ceil(8) as usize;
        self.bytes
            .extend_from_slice(&self.open.to_be_bytes()[..rest]);
        self.bytes
    }
}

/// The bytes ended before the numbers did, or can't be what an encoder wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("compressed samples end early or are damaged")]
pub struct Truncated;

/// Reads bits.
#[derive(Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    /// A reader from the first bit on.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// The next bits at the high end of a word, 57 at least, zeros after the end.
    #[inline]
    fn peek(&self) -> u64 {
        let from = self.at / 8;
        let word = match self.bytes.get(from..from + 8) {
            Some(eight) => u64::from_be_bytes(eight.try_into().expect("eight bytes")),
            None => self.peek_tail(from),
        };
        word << (self.at % 8)
    }

    #[cold]
    fn peek_tail(&self, from: usize) -> u64 {
        let mut eight = [0; 8];
        let rest = self.bytes.get(from..).unwrap_or_default();
        eight[..rest.len()].copy_from_slice(rest);
        u64::from_be_bytes(eight)
    }

    #[inline]
    fn skip(&mut self, bits: u32) -> Result<(), Truncated> {
        self.at += bits as usize;
        if self.at > self.bytes.len() * 8 {
            return Err(Truncated);
        }
        Ok(())
    }

    /// Reads a number of `bits` bits, 0 to 64.
    ///
    /// # Errors
    /// If there aren't so many.
    #[inline]
    pub fn read(&mut self, bits: u32) -> Result<u64, Truncated> {
        if bits == 0 {
            return Ok(0);
        }
        if bits > 57 {
            let high = self.read(bits - 32)?;
            return Ok(high << 32 | self.read(32)?);
        }
        let number = self.peek() >> (64 - bits);
        self.skip(bits)?;
        Ok(number)
    }

    /// Counts ones up to the first zero, which is read too, but at most `most` of them.
    ///
    /// # Errors
    /// If the bits end before.
    #[inline]
    pub fn ones(&mut self, most: u32) -> Result<u32, Truncated> {
        let ones = self.peek().leading_ones().min(most);
        self.skip(if ones == most { ones } else { ones + 1 })?;
        Ok(ones)
    }
}

/// A number that was read from a few bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most six bits were read"
)]
pub(super) fn small(number: u64) -> u32 {
    number as u32
}
