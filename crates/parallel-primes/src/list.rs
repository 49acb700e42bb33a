//! The primes themselves, a line each, streamed: memory is that of one segment for any range.

use std::io::{self, Write};
use std::ops::Range;

use crate::error::Error;
use crate::wheel::segments::Segments;
use crate::wheel::sieving::SievingPrimes;
use crate::wheel::{Geometry, wheel_primes};

/// How many bytes are written at a time.
const BUFFER: usize = 64 << 10;
/// A line's longest: 20 digits and its end.
const LONGEST_LINE: usize = 21;

/// Writes the primes of `range` in ascending order, a decimal number on each line. `progress` is told
/// after each segment how many numbers it held.
///
/// A reader that closes the pipe early (`| head`) has what it wanted: that is no error.
///
/// # Errors
/// [`Error::Output`] if `out` can't be written to for another reason.
pub fn list(
    range: Range<u64>,
    geometry: Geometry,
    out: &mut impl Write,
    progress: impl Fn(u64),
) -> Result<(), Error> {
    match write(range, geometry, out, progress) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

fn write(
    range: Range<u64>,
    geometry: Geometry,
    out: &mut impl Write,
    progress: impl Fn(u64),
) -> io::Result<()> {
    let mut lines = Lines {
        buffer: Vec::with_capacity(BUFFER),
        out,
    };
    for prime in wheel_primes(&range) {
        lines.push(prime)?;
    }
    let sieving = SievingPrimes::for_end(range.end, geometry);
    // BEGIN SOLUTION stage 5: a segment at a time; when is the list safe with `out`?
    let mut segments = Segments::new(range, &sieving, geometry);
    while let Some(segment) = segments.next_segment() {
        for prime in segment.primes() {
            lines.push(prime)?;
        }
        progress(segment.numbers());
    }
    lines.out.write_all(&lines.buffer)?;
    lines.out.flush()
    // END SOLUTION
}

/// Collects lines up to a buffer's size.
struct Lines<'o, O> {
    buffer: Vec<u8>,
    out: &'o mut O,
}

impl<O: Write> Lines<'_, O> {
    fn push(&mut self, number: u64) -> io::Result<()> {
        if self.buffer.len() + LONGEST_LINE > BUFFER {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        let mut digits = itoa::Buffer::new();
        self.buffer
            .extend_from_slice(digits.format(number).as_bytes());
        self.buffer.push(b'\n');
        Ok(())
    }
}
