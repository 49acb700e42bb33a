//! Datagrams into messages, if they are whole, of our format and signed.

use std::sync::Arc;

use super::reader::Reader;
use super::seal::{About, TAG};
use super::{Address, LONGEST, MAGIC, Refusal, Seal, Tag, address};
use crate::aggregate::{Partial, Results};
use crate::catalogue::{Certificate, MOST_CERTIFICATES, MOST_QUERIES};
use crate::message::{Action, Answer, Ask, Delta, Digest, Message, Outcome, Summary};
use crate::query::{self, Attribute, HEAVIEST, Query};
use crate::row::{CONTACTS, Content, Leaf, MOST_ATTRIBUTES, Row};
use crate::table::{Entry, MOST_CHILDREN, Part};
use crate::zone::{DEEPEST, Key, Path};

/// No text but a query's is as long as this: paths, names, reasons.
const TEXT: usize = 200;
/// Rows, or wishes for rows, in one datagram at most: more don't fit anyway.
const MOST_ROWS: usize = DEEPEST * MOST_CHILDREN;

/// A message that arrived.
#[derive(Debug)]
pub struct Decoded<A> {
    /// The message, without what was forged in it.
    pub message: Message<A>,
    /// How many rows and certificates in it were forged.
    pub forged: u64,
}

/// Understands a datagram.
///
/// # Errors
/// Why it is to be dropped.
pub fn decode<A: Address>(datagram: &[u8], seal: &Seal) -> Result<Decoded<A>, Refusal> {
    // BEGIN SOLUTION stage 6: length, name, signature, body, in this order; and nothing behind it
    if datagram.len() > LONGEST {
        return Err(Refusal::Oversized);
    }
    let (content, tag) = datagram
        .split_last_chunk::<TAG>()
        .ok_or(Refusal::Malformed)?;
    let body = content.strip_prefix(&MAGIC).ok_or(Refusal::Malformed)?;
    if !seal.holds(About::Datagram, content, tag) {
        return Err(Refusal::Forged);
    }
    let mut reader = Reader(body);
    let mut forged = 0;
    let message = match reader.byte()? {
        1 => Message::Digest(digest(&mut reader)?),
        2 => Message::Delta(delta(&mut reader, seal, &mut forged)?),
        3 => Message::Ask(ask(&mut reader)?),
        4 => Message::Answer(answer(&mut reader)?),
        _ => return Err(Refusal::Malformed),
    };
    if !reader.0.is_empty() {
        return Err(Refusal::Malformed);
    }
    Ok(Decoded { message, forged })
    // END SOLUTION
}

// BEGIN SOLUTION ITEMS stage 6: each kind of message
fn path(reader: &mut Reader<'_>) -> Result<Path, Refusal> {
    reader.text(TEXT)?.parse().map_err(|_| Refusal::Malformed)
}

fn key(reader: &mut Reader<'_>) -> Result<Key, Refusal> {
    reader.word().map(Key)
}

fn level(reader: &mut Reader<'_>, path: &Path) -> Result<u8, Refusal> {
    let level = reader.byte()?;
    let there = usize::from(level) < path.depth();
    there.then_some(level).ok_or(Refusal::Malformed)
}

fn digest(reader: &mut Reader<'_>) -> Result<Digest, Refusal> {
    let path = path(reader)?;
    let [of, parts] = reader.array()?;
    if of >= parts {
        return Err(Refusal::Malformed);
    }
    Ok(Digest {
        tables: reader.list(path.depth(), |reader| {
            Ok((reader.varint()?, entries(reader, MOST_CHILDREN)?))
        })?,
        path,
        part: Part { of, parts },
        catalogue: entries(reader, MOST_CERTIFICATES)?,
    })
}

fn entries(reader: &mut Reader<'_>, most: usize) -> Result<Vec<Entry>, Refusal> {
    let entries = reader.list(most, |reader| {
        Ok(Entry {
            key: key(reader)?,
            version: reader.varint()?,
            silent: reader.byte()? != 0,
        })
    })?;
    // They are searched as sorted lists.
    let sorted = entries.is_sorted_by(|a, b| a.key < b.key);
    sorted.then_some(entries).ok_or(Refusal::Malformed)
}

fn delta<A: Address>(
    reader: &mut Reader<'_>,
    seal: &Seal,
    forged: &mut u64,
) -> Result<Delta<A>, Refusal> {
    let path = path(reader)?;
    let rows = reader.list(MOST_ROWS, |reader| {
        let level = level(reader, &path)?;
        let zone = path.zone(level.into());
        let before = reader.0;
        let row = row(reader, &zone)?;
        let bytes = &before[..before.len() - reader.0.len()];
        let tag = checked(reader, seal, About::Row(&zone), bytes, forged)?;
        Ok(tag.map(|tag| {
            let row = Row {
                tag: tag.into(),
                ..row
            };
            (level, Arc::new(row))
        }))
    })?;
    let certificates = reader.list(MOST_CERTIFICATES, |reader| {
        let before = reader.0;
        let version = reader.varint()?;
        let text = reader.text(query::LONGEST)?;
        let bytes = &before[..before.len() - reader.0.len()];
        let tag = checked(reader, seal, About::Certificate, bytes, forged)?;
        let query = Query::parse(text).map_err(|_| Refusal::Malformed)?;
        Ok(tag.map(|tag| {
            Arc::new(Certificate {
                tag: tag.into(),
                ..Certificate::new(query, version)
            })
        }))
    })?;
    Ok(Delta {
        rows: rows.into_iter().flatten().collect(),
        certificates: certificates.into_iter().flatten().collect(),
        wanted: reader.list(MOST_ROWS, |reader| {
            Ok((level(reader, &path)?, key(reader)?))
        })?,
        wanted_certificates: reader.list(MOST_CERTIFICATES, key)?,
        path,
    })
}

/// The tag that follows, if it is right.
fn checked(
    reader: &mut Reader<'_>,
    seal: &Seal,
    about: About<'_>,
    bytes: &[u8],
    forged: &mut u64,
) -> Result<Option<Tag>, Refusal> {
    let tag = reader.array()?;
    let right = seal.holds(about, bytes, &tag);
    *forged += u64::from(!right);
    Ok(right.then_some(tag))
}

fn row<A: Address>(reader: &mut Reader<'_>, zone: &str) -> Result<Row<A>, Refusal> {
    let name = reader.shared_text(TEXT)?;
    let (version, nodes) = (reader.varint()?, reader.varint()?);
    let contacts = reader.list(CONTACTS, |reader| {
        address::read(reader).map(Address::from_socket)
    })?;
    let content = match reader.byte()? {
        0 => Content::Leaf(Leaf {
            path: format!("{}/{name}", zone.trim_end_matches('/')).into(),
            instance: reader.word()?,
            uptime: reader.varint()?,
            attributes: reader
                .list(MOST_ATTRIBUTES, |reader| {
                    Ok((Attribute::new(reader.text(TEXT)?), reader.value()?))
                })?
                .into(),
        }),
        1 => Content::Zone(reader.list(MOST_QUERIES, |reader| {
            Ok(Results {
                query: key(reader)?,
                nodes: reader.varint()?,
                partials: reader.list(HEAVIEST, partial)?,
            })
        })?),
        _ => return Err(Refusal::Malformed),
    };
    Ok(Row::new(name, version, nodes, contacts.into(), content))
}

fn partial(reader: &mut Reader<'_>) -> Result<Partial, Refusal> {
    Ok(match reader.byte()? {
        kind @ (0 | 1) => {
            let value = match reader.byte()? {
                0 => None,
                _ => Some(reader.value()?),
            };
            if kind == 0 {
                Partial::Min(value)
            } else {
                Partial::Max(value)
            }
        }
        2 => Partial::Sum(reader.value()?),
        3 => Partial::Avg(reader.value()?, reader.varint()?),
        4 => Partial::Count(reader.varint()?),
        5 => Partial::Top(reader.list(HEAVIEST, |reader| {
            Ok((reader.value()?, reader.shared_text(TEXT)?))
        })?),
        _ => return Err(Refusal::Malformed),
    })
}

fn ask(reader: &mut Reader<'_>) -> Result<Ask, Refusal> {
    Ok(Ask {
        nonce: reader.word()?,
        action: match reader.byte()? {
            0 => Action::Read,
            1 => Action::Install,
            2 => Action::Remove,
            _ => return Err(Refusal::Malformed),
        },
        query: reader.shared_text(query::LONGEST)?,
    })
}

fn answer(reader: &mut Reader<'_>) -> Result<Answer, Refusal> {
    Ok(Answer {
        nonce: reader.word()?,
        outcome: match reader.byte()? {
            0 => Outcome::Summary(Summary {
                nodes: reader.varint()?,
                covered: reader.varint()?,
                partials: reader.list(HEAVIEST, partial)?,
            }),
            1 => Outcome::NotInstalled,
            2 => Outcome::Refused(reader.text(TEXT)?.to_owned()),
            _ => return Err(Refusal::Malformed),
        },
    })
}
// END SOLUTION
