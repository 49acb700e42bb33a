//! Numbers and names as bytes: small numbers are short (LEB128, as in Protocol Buffers).

use crate::point::SeriesKey;

/// Appends a number, seven bits a byte, the low ones first.
#[inline]
pub fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// A signed number such that small ones of both signs are small.
#[must_use]
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// The opposite of [`zigzag`].
#[must_use]
pub fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Appends a text after its length.
pub fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Appends a measurement and its tags.
pub fn put_key(bytes: &mut Vec<u8>, key: &SeriesKey) {
    put_text(bytes, &key.measurement);
    put(bytes, key.tags.len() as u64);
    for (name, value) in &key.tags {
        put_text(bytes, name);
        put_text(bytes, value);
    }
}

/// Bytes that aren't what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bytes that aren't what they should be")]
pub struct Malformed;

/// Reads what was put.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a number.
    ///
    /// # Errors
    /// If the bytes end, or it has more than 64 bits.
    #[inline]
    pub fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for at in 0..10 {
            let byte = *self.0.get(at).ok_or(Malformed)?;
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// If there aren't so many.
    pub fn bytes(&mut self, count: u64) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(count).map_err(|_| Malformed)?;
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Reads a fixed number of bytes.
    ///
    /// # Errors
    /// If there aren't so many.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// If it isn't one.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.number()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Malformed)
    }

    /// Reads a measurement and its tags.
    ///
    /// # Errors
    /// If it isn't that.
    pub fn key(&mut self) -> Result<SeriesKey, Malformed> {
        let measurement = self.text()?.to_owned();
        let mut tags = Vec::new();
        for _ in 0..self.number()? {
            tags.push((self.text()?.to_owned(), self.text()?.to_owned()));
        }
        Ok(SeriesKey { measurement, tags })
    }
}
