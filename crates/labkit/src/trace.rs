//! Space-time diagrams: what passed between nodes, and when, as a value.
//!
//! A [`Trace`] holds messages (delivered, lost, cut off, doubled) and marks (crashes, restarts,
//! partitions). A report shows it as a drawing ([`Trace::to_svg`] with
//! [`Report::drawing`](crate::report::Report::drawing)); [`Trace::to_html`] is a page of its own that
//! can be stepped through and filtered, by keyboard and by touch. Simulated worlds record into it
//! ([`crate::sim::World::record`]), real drivers can as well. Never decides what a message means.

mod page;
mod svg;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// How much a trace holds unless it is told otherwise: more than that nobody reads.
const LIMIT: usize = 2_000;

/// What passed between nodes. Times are in nanoseconds from the start.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Trace {
    title: String,
    lanes: Vec<String>,
    messages: Vec<Message>,
    marks: Vec<Mark>,
    limit: usize,
    left_out: u64,
}

/// A message on its way, or at its end.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Message {
    /// The sender's lane.
    pub from: usize,
    /// The receiver's lane.
    pub to: usize,
    /// When it was sent.
    pub sent: u64,
    /// When it arrived; none if it never did.
    pub arrived: Option<u64>,
    /// What became of it.
    pub fate: Fate,
    /// Whether the network made it, as a copy of another one.
    pub copy: bool,
    /// What it is called.
    pub label: String,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It hadn't arrived when the trace ended.
    OnTheWay,
    /// It arrived.
    Delivered,
    /// The network lost it.
    Lost,
    /// A partition stopped it.
    Cut,
    /// It arrived where nobody was up.
    NobodyThere,
}

impl Fate {
    /// The fate in words; also, with hyphens, its class in a drawing.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fate::OnTheWay => "on the way",
            Fate::Delivered => "delivered",
            Fate::Lost => "lost",
            Fate::Cut => "cut off",
            Fate::NobodyThere => "nobody there",
        }
    }
}

/// Something that happened to a node, or to the network as a whole.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Mark {
    /// When.
    pub at: u64,
    /// On which lane; none if it concerns all.
    pub lane: Option<usize>,
    /// What kind of thing.
    pub kind: MarkKind,
    /// What it is called.
    pub label: String,
}

/// The kinds of marks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A node went down.
    Crash,
    /// A node came back.
    Restart,
    /// Nodes were cut off from each other.
    Partition,
    /// All nodes reach each other again.
    Heal,
    /// Anything else that is worth a word.
    Note,
}

/// A message in a trace, to say later what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Sent(u32);

impl Trace {
    /// An empty trace with a lane for each name.
    #[must_use]
    pub fn new<S: Into<String>>(
        title: impl Into<String>,
        lanes: impl IntoIterator<Item = S>,
    ) -> Self {
        Trace {
            title: title.into(),
            lanes: lanes.into_iter().map(Into::into).collect(),
            messages: Vec::new(),
            marks: Vec::new(),
            limit: LIMIT,
            left_out: 0,
        }
    }

    /// Holds at most `limit` messages, and as many marks; what comes later is only counted.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit as usize;
        self
    }

    /// Records a message that is on its way; none if it is left out, because the trace is full or one
    /// of the nodes has no lane.
    pub fn sent(
        &mut self,
        at: u64,
        (from, to): (usize, usize),
        copy: bool,
        label: impl Into<String>,
    ) -> Option<Sent> {
        if from.max(to) >= self.lanes.len() || self.messages.len() >= self.limit {
            self.left_out += 1;
            return None;
        }
        let place = u32::try_from(self.messages.len()).ok()?;
        self.messages.push(Message {
            from,
            to,
            sent: at,
            arrived: None,
            fate: Fate::OnTheWay,
            copy,
            label: label.into(),
        });
        Some(Sent(place))
    }

    /// Says what became of a message: `at` is when it arrived, or would have.
    pub fn ended(&mut self, sent: Sent, at: u64, fate: Fate) {
        // The place is from another trace only if that was exchanged under way.
        if let Some(message) = self.messages.get_mut(sent.0 as usize) {
            message.fate = fate;
            let arrives = matches!(fate, Fate::Delivered | Fate::NobodyThere);
            message.arrived = arrives.then_some(at);
        }
    }

    /// Records what isn't a message.
    pub fn mark(&mut self, at: u64, lane: Option<usize>, kind: MarkKind, label: impl Into<String>) {
        let shown = lane.is_none_or(|lane| lane < self.lanes.len());
        if shown && self.marks.len() < self.limit {
            self.marks.push(Mark {
                at,
                lane,
                kind,
                label: label.into(),
            });
        } else {
            self.left_out += 1;
        }
    }

    /// The messages, in the order in which they were sent.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The marks, in order.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// How many messages and marks had no room or no lane.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The trace as an SVG element for a report, with its own style: lanes from the top, time to the
    /// right.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::draw(self, svg::REPORT_WIDTH)
    }

    /// The trace as one HTML page that needs no network: arrow keys, buttons or a tap step through it,
    /// and what isn't of interest can be hidden.
    #[must_use]
    pub fn to_html(&self) -> String {
        page::render(self)
    }
}
