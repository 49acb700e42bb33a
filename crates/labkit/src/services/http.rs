//! As much of an HTTP/1.1 client as services and WebDriver need: one request, one answer, blocking.
//!
//! Plain HTTP to an address, a connection for each request, bodies up to a limit. Never follows a
//! redirect, never speaks TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(120);
/// The largest body that is read, in bytes.
const MOST: u64 = 256 << 20;
/// The longest line of an answer's head, and the most of them.
const LINE: u64 = 64 << 10;
const HEADERS: usize = 200;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is one of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; what isn't UTF-8 in it is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Asks for a path.
///
/// # Errors
/// If nothing answers, or not in HTTP.
pub fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    request(address, "GET", path, &[], b"")
}

/// Sends a body.
///
/// # Errors
/// If nothing answers, or not in HTTP.
pub fn post(address: SocketAddr, path: &str, kind: &str, body: &[u8]) -> io::Result<Answer> {
    request(address, "POST", path, &[("Content-Type", kind)], body)
}

/// Makes any request.
///
/// # Errors
/// If nothing answers, or not in HTTP.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    stream.set_nodelay(true)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    read(&mut BufReader::new(stream), method != "HEAD")
}

/// Reads one answer.
fn read(stream: &mut impl BufRead, has_body: bool) -> io::Result<Answer> {
    let status = line(stream)?;
    let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status: u16 = code.ok_or_else(|| malformed("no status line"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        if headers.len() == HEADERS {
            return Err(malformed("too many headers"));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("no header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    if !has_body || status == 204 || status == 304 {
        return Ok(answer);
    }
    let chunked = answer.header("transfer-encoding") == Some("chunked");
    let length = answer.header("content-length").map(str::parse::<u64>);
    answer.body = match length {
        _ if chunked => chunks(stream)?,
        Some(length) => exactly(stream, length.map_err(|_| malformed("no length"))?)?,
        None => {
            let mut body = Vec::new();
            stream.take(MOST).read_to_end(&mut body)?;
            body
        }
    };
    Ok(answer)
}

fn chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(stream)?;
        let size = size.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size.trim(), 16).map_err(|_| malformed("no chunk size"))?;
        if size == 0 {
            // Trailers, up to an empty line.
            while !line(stream)?.is_empty() {}
            return Ok(body);
        }
        if body.len() as u64 + size > MOST {
            return Err(malformed("too large a body"));
        }
        body.append(&mut exactly(stream, size)?);
        line(stream)?;
    }
}

fn exactly(stream: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    if length > MOST {
        return Err(malformed("too large a body"));
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length {
        return Ok(body);
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(LINE).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(malformed("a line that doesn't end"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| malformed("a line that isn't text"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} in the answer"))
}

/// A text as it may stand in a request's query: everything special as %XX.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_all_lengths_are_read() {
        for (text, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", "ok"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\no\r\n1\r\nk\r\n0\r\n\r\n",
                "ok",
            ),
            ("HTTP/1.0 200 OK\n\nok", "ok"),
            ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ] {
            let answer = read(&mut text.as_bytes(), true).expect(text);
            assert_eq!(answer.text(), body, "{text}");
            assert!(answer.is_success());
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for text in [
            "",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert!(read(&mut text.as_bytes(), true).is_err(), "{text}");
        }
    }

    #[test]
    fn special_characters_are_encoded() {
        assert_eq!(percent_encoded("a b=c&d'é"), "a%20b%3Dc%26d%27%C3%A9");
    }
}
