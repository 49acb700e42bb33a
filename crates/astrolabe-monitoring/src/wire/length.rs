//! How long things are on the wire, without writing them: the simulator counts bytes by this.

use super::address::address_len;
use super::seal::TAG;
use super::writer::zigzag;
use super::{Address, FRAME};
use crate::aggregate::Partial;
use crate::catalogue::Certificate;
use crate::message::{Message, Outcome};
use crate::row::{Attributes, Content, Row};
use crate::table::Entry;
use crate::value::Value;

/// Bytes of a varint.
fn varint_len(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn count_len(count: usize) -> usize {
    varint_len(count as u64)
}

fn text_len(text: &str) -> usize {
    count_len(text.len()) + text.len()
}

fn value_len(value: Value) -> usize {
    varint_len(zigzag(value))
}

fn list_len<T>(items: &[T], len: impl Fn(&T) -> usize) -> usize {
    count_len(items.len()) + items.iter().map(len).sum::<usize>()
}

fn entry_len(entry: &Entry) -> usize {
    8 + varint_len(entry.version) + 1
}

fn attributes_len(attributes: &Attributes) -> usize {
    list_len(attributes, |it| text_len(&it.0.name) + value_len(it.1))
}

fn partial_len(partial: &Partial) -> usize {
    1 + match partial {
        Partial::Min(value) | Partial::Max(value) => 1 + value.map_or(0, value_len),
        Partial::Sum(sum) => value_len(*sum),
        Partial::Avg(sum, count) => value_len(*sum) + varint_len(*count),
        Partial::Count(count) => varint_len(*count),
        Partial::Top(top) => list_len(top, |it| value_len(it.0) + text_len(&it.1)),
    }
}

/// A row without its level and tag.
pub(crate) fn row_len<A: Address>(row: &Row<A>) -> usize {
    let contact = |contact: &A| address_len(contact.to_socket());
    text_len(&row.name)
        + varint_len(row.version)
        + varint_len(row.nodes)
        + list_len(&row.contacts, contact)
        + 1
        + match &row.content {
            Content::Leaf(leaf) => 8 + varint_len(leaf.uptime) + attributes_len(&leaf.attributes),
            Content::Zone(all) => list_len(all, |results| {
                8 + varint_len(results.nodes) + list_len(&results.partials, partial_len)
            }),
        }
}

/// A certificate with its tag.
fn certificate_len(certificate: &Certificate) -> usize {
    varint_len(certificate.version) + text_len(certificate.query.text()) + TAG
}

/// A whole datagram.
pub(crate) fn message_len<A: Address>(message: &Message<A>) -> usize {
    FRAME
        + match message {
            Message::Digest(it) => {
                let tables = list_len(&it.tables, |(retired, entries)| {
                    varint_len(*retired) + list_len(entries, entry_len)
                });
                text_len(it.path.as_arc()) + 2 + tables + list_len(&it.catalogue, entry_len)
            }
            Message::Delta(it) => {
                text_len(it.path.as_arc())
                    + list_len(&it.rows, |row| 1 + row.1.len + TAG)
                    + list_len(&it.certificates, |it| certificate_len(it))
                    + list_len(&it.wanted, |_| 9)
                    + list_len(&it.wanted_certificates, |_| 8)
            }
            Message::Ask(it) => 8 + 1 + text_len(&it.query),
            Message::Answer(it) => {
                8 + 1
                    + match &it.outcome {
                        Outcome::Summary(summary) => {
                            varint_len(summary.nodes)
                                + varint_len(summary.covered)
                                + list_len(&summary.partials, partial_len)
                        }
                        Outcome::NotInstalled => 0,
                        Outcome::Refused(why) => text_len(why),
                    }
            }
            Message::Measured(attributes) => attributes_len(attributes),
        }
}
