//! Messages over a pipe: four bytes of length, little-endian, and so many bytes of JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message. What claims to be longer is no message of ours.
pub const MAX_LEN: usize = 16 << 20;

/// A message as bytes, its length before it.
///
/// # Errors
/// If the value can't be JSON, or is too long.
pub fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    // BEGIN SOLUTION stage 6: room for the length first, then the message, then the length
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let len = frame.len() - 4;
    if len > MAX_LEN {
        let text = format!("{len} bytes are too long for a message; the limit is {MAX_LEN}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let len = u32::try_from(len).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&len.to_le_bytes());
    Ok(frame)
    // END SOLUTION
}

/// Writes one encoded message and sends it off.
///
/// # Errors
/// If nobody reads any more.
pub fn write(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    to.write_all(frame)?;
    to.flush()
}

/// Reads one message; none if the other side closed between two.
///
/// # Errors
/// If it closed within one, or what it sent is no message.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    // BEGIN SOLUTION stage 6: an end before the first byte is an end; within a message it is an error
    let mut len = [0; 4];
    loop {
        match from.read(&mut len[..1]) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    from.read_exact(&mut len[1..])?;
    let len = u32::from_le_bytes(len) as usize;
    if len > MAX_LEN {
        let text = format!("a message of {len} bytes is announced; the limit is {MAX_LEN}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut body = vec![0; len];
    from.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
    // END SOLUTION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_a_message_is_refused_without_its_memory() {
        let huge = [0xff; 8];
        let error = read::<u64>(&mut &huge[..]).expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        let cut = [9, 0, 0, 0, b'1'];
        let error = read::<u64>(&mut &cut[..]).expect_err("cut off");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    }
}
