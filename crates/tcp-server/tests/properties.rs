//! However the bytes of a conversation are cut, and however slowly the peer reads: the same answers.

use proptest::prelude::*;
use tcp_server::Echo;
use tcp_server::session::{End, Limits, Session};

/// More than the longest conversation takes when it is read byte by byte.
const MOST_STEPS: u32 = 60_000;

/// What a session must say, by the rules in words: split at LF, drop one CR, refuse what is too long.
fn expected(bytes: &[u8], max_line: usize) -> Vec<u8> {
    let mut said = Vec::new();
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let mut answer = |line: &[u8]| {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if text.len() > max_line {
            let words = format!("error: line longer than {max_line} bytes; it was skipped\n");
            said.extend_from_slice(words.as_bytes());
            return;
        }
        let end = if text.len() < line.len() {
            "\r\n"
        } else {
            "\n"
        };
        said.extend(format!("Echo: {}{end}", String::from_utf8_lossy(text)).into_bytes());
    };
    lines.into_iter().for_each(&mut answer);
    if !last.is_empty() {
        answer(last);
    }
    said
}

/// Bytes in which line ends are frequent.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => Just(b'\n'),
        2 => Just(b'\r'),
        8 => b'a'..=b'z',
        1 => any::<u8>(),
    ];
    proptest::collection::vec(byte, 0..400)
}

proptest! {
    #[test]
    fn any_split_and_any_reader_get_the_same_answers(
        bytes in bytes(),
        cuts in proptest::collection::vec(1_usize..40, 1..50),
        reads in proptest::collection::vec(1_usize..60, 1..50),
        max_line in 1_usize..20,
        max_output in 1_usize..80,
    ) {
        let mut session = Session::new(Limits { max_line, max_output });
        let (mut cuts, mut reads) = (cuts.iter().cycle(), reads.iter().cycle());
        let (mut rest, mut said, mut lines) = (&bytes[..], Vec::new(), 0);
        let mut steps = 0;
        while !session.is_over() {
            steps += 1;
            prop_assert!(steps < MOST_STEPS, "it never ends");
            // The peer sends whenever it is read from, and reads a little between.
            if session.wants_input() {
                let cut = cuts.next().map_or(1, |cut| *cut).min(rest.len());
                if cut == 0 {
                    session.end(End::Closed, &Echo);
                } else {
                    session.receive(&rest[..cut], &Echo);
                    rest = &rest[cut..];
                }
            }
            let length = reads.next().map_or(1, |read| *read).min(session.output().len());
            said.extend_from_slice(&session.output()[..length]);
            session.sent(length, &Echo);
            let counts = session.take_counts();
            lines += counts.lines + counts.too_long;
            // A line's answer is the most that may be above the limit.
            let unsent = session.output().len();
            prop_assert!(unsent < max_output + max_line * 3 + 60, "{unsent} bytes");
        }
        let expected = expected(&bytes, max_line);
        prop_assert_eq!(
            String::from_utf8_lossy(&said),
            String::from_utf8_lossy(&expected)
        );
        let answers = expected.iter().filter(|byte| **byte == b'\n').count() as u64;
        prop_assert_eq!(lines, answers);
    }
}
