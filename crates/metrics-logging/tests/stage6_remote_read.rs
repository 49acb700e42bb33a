//! Stage 6: Prometheus's remote read, byte by byte.

mod support;

use labkit::wait;
use metrics_logging::config::SECOND;
use metrics_logging::server::remote_read::{self, Refused, Request};
use support::{PATIENCE, write};

/// A ReadRequest as Prometheus sends it.
fn read_request(start_ms: u64, end_ms: u64, matchers: &[(u8, &str, &str)]) -> Vec<u8> {
    fn bytes(out: &mut Vec<u8>, field: u8, content: &[u8]) {
        out.extend([field << 3 | 2, u8::try_from(content.len()).expect("short")]);
        out.extend_from_slice(content);
    }
    fn number(out: &mut Vec<u8>, field: u8, mut number: u64) {
        out.push(field << 3);
        while number >= 0x80 {
            out.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
            number >>= 7;
        }
        out.push(u8::try_from(number).expect("seven bits"));
    }
    let mut query = Vec::new();
    number(&mut query, 1, start_ms);
    number(&mut query, 2, end_ms);
    for (kind, name, value) in matchers {
        let mut matcher = Vec::new();
        number(&mut matcher, 1, u64::from(*kind));
        bytes(&mut matcher, 2, name.as_bytes());
        bytes(&mut matcher, 3, value.as_bytes());
        bytes(&mut query, 3, &matcher);
    }
    let mut request = Vec::new();
    bytes(&mut request, 1, &query);
    snap::raw::Encoder::new().compress_vec(&request).unwrap()
}

#[test]
fn a_read_request_is_understood_and_nonsense_isnt() {
    let body = read_request(
        1000,
        2000,
        &[(0, "__name__", "cpu_usage"), (1, "host", "b")],
    );
    let expected = Request {
        start_ms: 1000,
        end_ms: 2000,
        matchers: vec![
            ("__name__".to_owned(), "cpu_usage".to_owned(), true),
            ("host".to_owned(), "b".to_owned(), false),
        ],
    };
    assert_eq!(remote_read::decode(&body), Ok(vec![expected]));
    let regex = read_request(0, 1, &[(2, "host", "a.*")]);
    assert_eq!(remote_read::decode(&regex), Err(Refused::Regex));
    assert_eq!(remote_read::decode(b"nonsense"), Err(Refused::Snappy));
    let cut = snap::raw::Encoder::new()
        .compress_vec(&[0x0a, 50, 1])
        .unwrap();
    assert_eq!(remote_read::decode(&cut), Err(Refused::Message));
}

/// A length that one byte says.
fn short(length: usize) -> u8 {
    u8::try_from(length)
        .ok()
        .filter(|length| *length < 0x80)
        .expect("short")
}

#[test]
fn a_read_is_answered_with_series_labels_and_milliseconds() {
    wait::within(PATIENCE, || {
        let folder = tempfile::tempdir().unwrap();
        let engine = support::engine(folder.path());
        write(
            &engine,
            &format!(
                "cpu,host=a usage=1 {s}\ncpu,host=a usage=2.5 {}\ncpu,host=b usage=3 {s}",
                2 * SECOND,
                s = SECOND
            ),
        );
        let body = read_request(
            1000,
            2000,
            &[(0, "__name__", "cpu_usage"), (0, "host", "a")],
        );
        let requests = remote_read::decode(&body).unwrap();
        let packed = remote_read::answer(&engine, &requests).unwrap();
        let plain = snap::raw::Decoder::new().decompress_vec(&packed).unwrap();
        let mut expected = Vec::new();
        for (name, value) in [("__name__", "cpu_usage"), ("host", "a")] {
            let pair = [
                &[0x0a, short(name.len())],
                name.as_bytes(),
                &[0x12, short(value.len())],
                value.as_bytes(),
            ]
            .concat();
            expected.extend([0x0a, short(pair.len())]);
            expected.extend(pair);
        }
        for (value, time) in [(1.0_f64, [0xe8, 0x07]), (2.5, [0xd0, 0x0f])] {
            expected.extend([0x12, 12, 0x09]);
            expected.extend(value.to_le_bytes());
            expected.push(0x10);
            expected.extend(time);
        }
        let series = [&[0x0a, short(expected.len())], expected.as_slice()].concat();
        assert_eq!(
            plain,
            [&[0x0a, short(series.len())], series.as_slice()].concat()
        );
    });
}
