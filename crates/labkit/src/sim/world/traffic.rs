//! Messages between nodes: on their way, lost, doubled, delivered, and recorded.

use super::{Pending, World};
use crate::sim::{Digest, Event, Node, NodeId, Payload};
use crate::trace::{Fate, Sent};

impl<N: Node> World<N>
where
    N::Address: From<NodeId> + Into<NodeId>,
{
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, message: N::Message) {
        self.stats.sent += 1;
        self.stats.bytes += message.size() as u64;
        if to.index() >= self.hosts.len() {
            self.stats.unreachable += 1;
            return;
        }
        if self.cuts.iter().any(|cut| cut.closes(from, to)) {
            self.stats.cut += 1;
            self.trace_end(from, to, &message, Fate::Cut);
            return;
        }
        let copies = self.network.copies(&mut self.weather);
        if copies == 0 {
            self.stats.lost += 1;
            self.trace_end(from, to, &message, Fate::Lost);
            return;
        }
        for _ in 1..copies {
            self.stats.duplicated += 1;
            let copy = message.clone();
            self.launch(from, to, copy, true);
        }
        self.launch(from, to, message, false);
    }

    fn launch(&mut self, from: NodeId, to: NodeId, message: N::Message, copy: bool) {
        let delay = self.network.delay(from, to, &mut self.weather);
        let sent = self.trace_send(from, to, &message, copy);
        self.queue.push(
            self.now.saturating_add(delay),
            Pending::Message {
                from,
                to,
                sent,
                message,
            },
        );
    }

    fn trace_send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: &N::Message,
        copy: bool,
    ) -> Option<Sent> {
        let trace = self.trace.as_mut()?;
        let lanes = (from.index(), to.index());
        trace.sent(self.now, lanes, copy, message.label())
    }

    /// A message that doesn't even set out.
    fn trace_end(&mut self, from: NodeId, to: NodeId, message: &N::Message, fate: Fate) {
        let sent = self.trace_send(from, to, message, false);
        if let (Some(trace), Some(sent)) = (&mut self.trace, sent) {
            trace.ended(sent, self.now, fate);
        }
    }

    pub(super) fn deliver(
        &mut self,
        from: NodeId,
        to: NodeId,
        sent: Option<Sent>,
        message: N::Message,
    ) {
        let mut content = Digest::new();
        message.digest(&mut content);
        self.happened(2, to.0, content.value() ^ u64::from(from.0));
        let up = self.hosts[to.index()].node.is_some();
        if let (Some(trace), Some(sent)) = (&mut self.trace, sent) {
            let fate = if up {
                Fate::Delivered
            } else {
                Fate::NobodyThere
            };
            trace.ended(sent, self.now, fate);
        }
        if up {
            self.stats.delivered += 1;
            let from = from.into();
            self.handle(to, Event::Message { from, message });
        } else {
            self.stats.unreachable += 1;
        }
    }
}
