//! Numbers and texts into bytes.

use crate::value::Value;

/// Bytes under construction.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    pub(super) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(low_bits(number) | 0x80);
            number >>= 7;
        }
        self.byte(low_bits(number));
    }

    pub(super) fn count(&mut self, count: usize) {
        self.varint(count as u64);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    /// Zigzag: small negative numbers are short, too.
    pub(super) fn value(&mut self, value: Value) {
        self.varint(zigzag(value));
    }
}

fn low_bits(number: u64) -> u8 {
    (number & 0x7f) as u8
}

pub(super) fn zigzag(value: Value) -> u64 {
    let number = value.thousandths();
    (number << 1 ^ number >> 63).cast_unsigned()
}
