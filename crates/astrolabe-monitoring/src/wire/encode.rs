//! Messages into datagrams.

use super::seal::About;
use super::writer::Writer;
use super::{Address, LONGEST, MAGIC, Seal, address, message_len};
use crate::aggregate::Partial;
use crate::catalogue::Certificate;
use crate::message::{Action, Answer, Ask, Delta, Digest, Message, Outcome};
use crate::row::{Content, Row};
use crate::table::Entry;
use crate::zone::Path;

/// A message as a signed datagram; none if it can't be one: it is longer than [`LONGEST`], or is one that
/// never travels.
#[must_use]
pub fn encode<A: Address>(message: &Message<A>, seal: &Seal) -> Option<Vec<u8>> {
    // BEGIN SOLUTION stage 6: the name, the kind, the body, and a signature over all of it
    let mut writer = Writer(Vec::with_capacity(message_len(message)));
    writer.bytes(&MAGIC);
    match message {
        Message::Digest(it) => digest(&mut writer, it),
        Message::Delta(it) => delta(&mut writer, it, seal),
        Message::Ask(it) => ask(&mut writer, it),
        Message::Answer(it) => answer(&mut writer, it),
        Message::Measured(_) => return None,
    }
    let tag = seal.sign(About::Datagram, &writer.0);
    writer.bytes(&tag);
    (writer.0.len() <= LONGEST).then_some(writer.0)
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 6: each kind of message
fn digest(writer: &mut Writer, it: &Digest) {
    writer.byte(1);
    writer.text(it.path.as_arc());
    writer.bytes(&[it.part.of, it.part.parts]);
    writer.count(it.tables.len());
    for (retired, table) in &it.tables {
        writer.varint(*retired);
        entries(writer, table);
    }
    entries(writer, &it.catalogue);
}

fn entries(writer: &mut Writer, entries: &[Entry]) {
    writer.count(entries.len());
    for entry in entries {
        writer.bytes(&entry.key.0.to_be_bytes());
        writer.varint(entry.version);
        writer.byte(entry.silent.into());
    }
}

fn delta<A: Address>(writer: &mut Writer, it: &Delta<A>, seal: &Seal) {
    writer.byte(2);
    writer.text(it.path.as_arc());
    writer.count(it.rows.len());
    for (level, row) in &it.rows {
        writer.byte(*level);
        signed_row(writer, *level, row, &it.path, seal);
    }
    writer.count(it.certificates.len());
    for certificate in &it.certificates {
        signed_certificate(writer, certificate, seal);
    }
    writer.count(it.wanted.len());
    for (level, key) in &it.wanted {
        writer.byte(*level);
        writer.bytes(&key.0.to_be_bytes());
    }
    writer.count(it.wanted_certificates.len());
    for key in &it.wanted_certificates {
        writer.bytes(&key.0.to_be_bytes());
    }
}

/// A row is signed when it is first sent; from then on, and from elsewhere, the signature is there.
fn signed_row<A: Address>(writer: &mut Writer, level: u8, row: &Row<A>, path: &Path, seal: &Seal) {
    let start = writer.0.len();
    self::row(writer, row);
    let sign = || {
        let zone = path.zone(level.into());
        seal.sign(About::Row(&zone), &writer.0[start..])
    };
    let tag = *row.tag.get_or_init(sign);
    writer.bytes(&tag);
}

fn row<A: Address>(writer: &mut Writer, row: &Row<A>) {
    writer.text(&row.name);
    writer.varint(row.version);
    writer.varint(row.nodes);
    writer.count(row.contacts.len());
    for contact in row.contacts.iter() {
        address::write(writer, contact.to_socket());
    }
    match &row.content {
        Content::Leaf(leaf) => {
            writer.byte(0);
            writer.bytes(&leaf.instance.to_be_bytes());
            writer.varint(leaf.uptime);
            writer.count(leaf.attributes.len());
            for (attribute, value) in leaf.attributes.iter() {
                writer.text(&attribute.name);
                writer.value(*value);
            }
        }
        Content::Zone(all) => {
            writer.byte(1);
            writer.count(all.len());
            for results in all {
                writer.bytes(&results.query.0.to_be_bytes());
                writer.varint(results.nodes);
                partials(writer, &results.partials);
            }
        }
    }
}

fn partials(writer: &mut Writer, partials: &[Partial]) {
    writer.count(partials.len());
    for partial in partials {
        match partial {
            Partial::Min(value) | Partial::Max(value) => {
                writer.byte(u8::from(matches!(partial, Partial::Max(_))));
                writer.byte(value.is_some().into());
                value.iter().for_each(|value| writer.value(*value));
            }
            Partial::Sum(sum) => {
                writer.byte(2);
                writer.value(*sum);
            }
            Partial::Avg(sum, count) => {
                writer.byte(3);
                writer.value(*sum);
                writer.varint(*count);
            }
            Partial::Count(count) => {
                writer.byte(4);
                writer.varint(*count);
            }
            Partial::Top(top) => {
                writer.byte(5);
                writer.count(top.len());
                for (value, path) in top {
                    writer.value(*value);
                    writer.text(path);
                }
            }
        }
    }
}

fn signed_certificate(writer: &mut Writer, certificate: &Certificate, seal: &Seal) {
    let start = writer.0.len();
    writer.varint(certificate.version);
    writer.text(certificate.query.text());
    let sign = || seal.sign(About::Certificate, &writer.0[start..]);
    let tag = *certificate.tag.get_or_init(sign);
    writer.bytes(&tag);
}

fn ask(writer: &mut Writer, it: &Ask) {
    writer.byte(3);
    writer.bytes(&it.nonce.to_be_bytes());
    writer.byte(match it.action {
        Action::Read => 0,
        Action::Install => 1,
        Action::Remove => 2,
    });
    writer.text(&it.query);
}

fn answer(writer: &mut Writer, it: &Answer) {
    writer.byte(4);
    writer.bytes(&it.nonce.to_be_bytes());
    match &it.outcome {
        Outcome::Summary(summary) => {
            writer.byte(0);
            writer.varint(summary.nodes);
            writer.varint(summary.covered);
            partials(writer, &summary.partials);
        }
        Outcome::NotInstalled => writer.byte(1),
        Outcome::Refused(why) => {
            writer.byte(2);
            writer.text(why);
        }
    }
}
// END SOLUTION
