//! Stage 6: messages are signed datagrams, and what isn't one is refused.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use astrolabe_monitoring::aggregate::{Partial, Results};
use astrolabe_monitoring::catalogue::Certificate;
use astrolabe_monitoring::message::{
    Action, Answer, Ask, Delta, Digest, Message, Outcome, Summary,
};
use astrolabe_monitoring::query::Query;
use astrolabe_monitoring::row::{Content, Row};
use astrolabe_monitoring::table::{Entry, Part};
use astrolabe_monitoring::value::Value;
use astrolabe_monitoring::wire::{LONGEST, Refusal, Seal, decode, encode};
use astrolabe_monitoring::zone::Key;
use labkit::sim::Payload;
use proptest::prelude::*;

use support::{leaf, path};

type Address = SocketAddr;

fn seal() -> Seal {
    Seal::new(b"a key of the tests' own")
}

/// An address of the kind that is set aside for examples.
fn address() -> Address {
    "192.0.2.1:4001".parse().expect("an address")
}

fn leaf_row(name: &str, zone: &str, version: u64) -> Arc<Row<Address>> {
    let content = Content::Leaf(leaf(
        &format!("{zone}/{name}"),
        &[("cpu", -7), ("mem", 4_096)],
    ));
    Arc::new(Row::new(
        name.into(),
        version,
        1,
        [address()].into(),
        content,
    ))
}

fn zone_row() -> Arc<Row<Address>> {
    let top = vec![
        (Value::from(9), Arc::from("/a/n1")),
        (Value::from(-9), "/b/n2".into()),
    ];
    let results = Results {
        query: Key::of("q"),
        nodes: 300,
        partials: vec![
            Partial::Min(None),
            Partial::Min(Some(Value::from_thousandths(i64::MIN))),
            Partial::Max(Some(Value::from_thousandths(i64::MAX))),
            Partial::Sum(Value::from(-1)),
            Partial::Avg(12.into(), 7),
            Partial::Count(u64::MAX),
            Partial::Top(top),
        ],
    };
    let v6 = "[2001:db8::1]:4001".parse().expect("an address");
    let contacts = [address(), v6].into();
    Arc::new(Row::new(
        "b".into(),
        u64::MAX,
        300,
        contacts,
        Content::Zone(vec![results]),
    ))
}

/// One message of each kind, with something in every field.
fn messages() -> Vec<Message<Address>> {
    let entry = |name, version, silent| Entry {
        key: Key::of(name),
        version,
        silent,
    };
    let mut entries = vec![entry("a", 1, false), entry("b", 1 << 40, true)];
    entries.sort_by_key(|it| it.key);
    let summary = Summary {
        nodes: 3,
        covered: 2,
        partials: vec![Partial::Count(2)],
    };
    let answer = |outcome| Message::Answer(Answer { nonce: 5, outcome });
    vec![
        Message::Digest(Digest {
            path: path("/a/r1/n1"),
            part: Part { of: 1, parts: 3 },
            tables: vec![(0, entries.clone()), (77, Vec::new())],
            catalogue: entries,
        }),
        Message::Delta(Delta {
            path: path("/a/r1/n1"),
            rows: vec![(0, zone_row()), (2, leaf_row("n9", "/a/r1", 3))],
            certificates: vec![Arc::new(Certificate::new(Query::standing(), 3))],
            wanted: vec![(1, Key::of("x"))],
            wanted_certificates: vec![Key::of("y")],
        }),
        Message::Ask(Ask {
            nonce: 5,
            action: Action::Install,
            query: "SELECT COUNT(*)".into(),
        }),
        answer(Outcome::Summary(summary)),
        answer(Outcome::NotInstalled),
        answer(Outcome::Refused("no".to_owned())),
    ]
}

fn bytes(message: &Message<Address>) -> Vec<u8> {
    encode(message, &seal()).expect("short enough")
}

#[test]
fn messages_survive_the_journey() {
    for message in messages() {
        let datagram = bytes(&message);
        assert_eq!(datagram.len(), message.size(), "{message:?}");
        let decoded = decode::<Address>(&datagram, &seal()).expect("whole and signed");
        assert_eq!(decoded.forged, 0);
        // Written again it is the same, signatures of its rows included.
        assert_eq!(bytes(&decoded.message), datagram, "{message:?}");
        assert_eq!(format!("{:?}", decoded.message), format!("{message:?}"));
    }
}

#[test]
fn what_is_not_signed_with_our_key_is_refused() {
    let stranger = Seal::new(b"another key, of somebody else");
    for message in messages() {
        let datagram = bytes(&message);
        let refused = decode::<Address>(&datagram, &stranger).expect_err("another key");
        assert_eq!(refused, Refusal::Forged);
    }
}

#[test]
fn a_forged_row_is_refused_even_in_a_signed_datagram() {
    let stranger = Seal::new(b"another key, of somebody else");
    let mut delta = Delta::from(&path("/a/r1/n1"));
    delta.rows = vec![
        (2, leaf_row("n9", "/a/r1", 3)),
        (2, leaf_row("n8", "/a/r1", 4)),
    ];
    // The stranger's signature stays with a row from here on.
    let forged = Delta {
        rows: vec![delta.rows[0].clone()],
        ..delta.clone()
    };
    encode(&Message::Delta(forged), &stranger).expect("short enough");
    let decoded = decode::<Address>(&bytes(&Message::Delta(delta)), &seal()).expect("signed");
    let Message::Delta(told) = decoded.message else {
        panic!("a delta was sent");
    };
    let names: Vec<&str> = told.rows.iter().map(|row| &*row.1.name).collect();
    assert_eq!((decoded.forged, names), (1, vec!["n8"]));
}

#[test]
fn a_row_of_another_zone_is_a_forgery_here() {
    let row = leaf_row("n9", "/a/r1", 3);
    let tell = |from: &str| {
        let mut delta = Delta::from(&path(from));
        delta.rows = vec![(2, row.clone())];
        let datagram = bytes(&Message::Delta(delta));
        decode::<Address>(&datagram, &seal())
            .expect("signed")
            .forged
    };
    assert_eq!(tell("/a/r1/n1"), 0, "signed as a row of /a/r1");
    assert_eq!(tell("/b/r1/n1"), 1, "so it isn't one of /b/r1");
}

#[test]
fn what_is_too_long_is_neither_sent_nor_taken() {
    let refused = decode::<Address>(&vec![0; LONGEST + 1], &seal()).expect_err("too long");
    assert_eq!(refused, Refusal::Oversized);
    let mut delta = Delta::from(&path("/a/r1/n1"));
    delta.rows = vec![(0, zone_row()); 200];
    assert!(encode(&Message::Delta(delta), &seal()).is_none());
}

proptest! {
    /// Whatever is cut off or changed, by chance or by somebody without the key.
    #[test]
    fn a_corrupt_datagram_is_refused(
        which in 0_usize..6,
        cut in 0_usize..400,
        at in 0_usize..400,
        flip in 1_u8..=255,
    ) {
        let datagram = bytes(&messages()[which]);
        let cut = &datagram[..cut.min(datagram.len() - 1)];
        prop_assert!(decode::<Address>(cut, &seal()).is_err());
        let mut changed = datagram.clone();
        let at = at % changed.len();
        changed[at] ^= flip;
        prop_assert!(decode::<Address>(&changed, &seal()).is_err());
    }

    /// Even with the key, no bytes make it panic.
    #[test]
    fn no_body_is_too_strange(
        which in 0_usize..6,
        at in 4_usize..400,
        strange in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let datagram = bytes(&messages()[which]);
        let mut body = datagram[..datagram.len() - 16].to_vec();
        let at = at % body.len();
        let rest = body.split_off(at);
        body.extend(&strange);
        body.extend(rest.iter().skip(strange.len()));
        let resigned = resign(&body);
        if let Ok(decoded) = decode::<Address>(&resigned, &seal()) {
            // What is understood can be written again.
            prop_assert!(encode(&decoded.message, &seal()).is_some());
        }
    }
}

/// The HMAC of a body, as one who has the key computes it.
fn resign(body: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(b"a key of the tests' own");
    let mac = mac
        .expect("any length")
        .chain_update([0])
        .chain_update(body);
    let mut datagram = body.to_vec();
    datagram.extend_from_slice(&mac.finalize().into_bytes()[..16]);
    datagram
}
