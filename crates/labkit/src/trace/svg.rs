//! A trace as a drawing: a lane for each node, time to the right, an arrow for each message.

use std::fmt::Write;

use super::{Fate, Mark, MarkKind, Message, Trace};
use crate::report::escape;

/// As wide as a report's charts.
pub(super) const REPORT_WIDTH: f64 = 720.0;

/// From a lane to the next.
const LANE: f64 = 44.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 16.0;
/// About the width of a character.
const CHARACTER: f64 = 7.0;
/// How far the arrow of a message that never arrives gets.
const LOST_AFTER: f64 = 0.55;

/// Where lanes and times are in the drawing.
struct Place {
    left: f64,
    width: f64,
    start: u64,
    span: f64,
}

impl Place {
    fn of(trace: &Trace, width: f64) -> Self {
        let longest = trace.lanes.iter().map(|lane| lane.chars().count()).max();
        let left = 20.0 + CHARACTER * longest.unwrap_or(0) as f64;
        let messages = trace.messages.iter();
        let times = messages
            .flat_map(|message| [message.sent, message.arrived.unwrap_or(message.sent)])
            .chain(trace.marks.iter().map(|mark| mark.at));
        let (start, end) = times.fold((u64::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
        Place {
            left,
            width: width - left - RIGHT,
            start: start.min(end),
            span: end.saturating_sub(start).max(1) as f64,
        }
    }

    fn x(&self, at: u64) -> f64 {
        self.left + self.width * (at.saturating_sub(self.start) as f64 / self.span)
    }

    fn y(lane: usize) -> f64 {
        TOP + LANE * lane as f64
    }
}

/// Draws a trace this wide. Messages carry `data-at` (when sent), `data-a` and `data-b` (lanes) and
/// `data-t` (a sentence), by which the page's script finds them.
pub(super) fn draw(trace: &Trace, width: f64) -> String {
    let place = Place::of(trace, width);
    let bottom = Place::y(trace.lanes.len().max(1) - 1) + 24.0;
    let mut out = String::new();
    let _ = write!(
        out,
        r#"<svg class="trace" viewBox="0 0 {width:.0} {:.0}" width="{width:.0}" role="img" aria-label="{}: {} messages between {} nodes"><style>{}</style>"#,
        bottom + 26.0,
        escape(&trace.title),
        trace.messages.len(),
        trace.lanes.len(),
        include_str!("drawing.css"),
    );
    for (lane, name) in trace.lanes.iter().enumerate() {
        let y = Place::y(lane);
        let _ = write!(
            out,
            r#"<line class="lane" x1="{:.1}" x2="{:.1}" y1="{y}" y2="{y}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            place.left,
            width - RIGHT,
            place.left - 8.0,
            y + 4.0,
            escape(name),
        );
    }
    outages(&mut out, trace, &place);
    for message in &trace.messages {
        arrow(&mut out, trace, message, &place);
    }
    for mark in &trace.marks {
        sign(&mut out, trace, mark, &place, bottom);
    }
    axis(&mut out, trace, &place, bottom);
    out.push_str("</svg>");
    out
}

/// The times during which a node was down lie as a bar on its lane.
fn outages(out: &mut String, trace: &Trace, place: &Place) {
    let ends = |mark: &&Mark| mark.kind == MarkKind::Restart;
    for crash in trace
        .marks
        .iter()
        .filter(|mark| mark.kind == MarkKind::Crash)
    {
        let Some(lane) = crash.lane else { continue };
        let mut later = trace
            .marks
            .iter()
            .filter(|mark| mark.lane == Some(lane) && mark.at >= crash.at);
        let end = later
            .find(ends)
            .map_or(place.left + place.width, |mark| place.x(mark.at));
        let x = place.x(crash.at);
        let _ = write!(
            out,
            r#"<rect class="down" x="{x:.1}" y="{:.1}" width="{:.1}" height="8"/>"#,
            Place::y(lane) - 4.0,
            (end - x).max(2.0),
        );
    }
}

fn arrow(out: &mut String, trace: &Trace, message: &Message, place: &Place) {
    let (x1, y1) = (place.x(message.sent), Place::y(message.from));
    // What never arrives ends on its way, in a cross, a little to the right.
    let (x2, y2) = match message.arrived {
        Some(at) => (place.x(at), Place::y(message.to)),
        None => {
            let way = Place::y(message.to) - y1;
            (x1 + 10.0, y1 + LOST_AFTER * way)
        }
    };
    let copy = if message.copy { " copy" } else { "" };
    let class = message.fate.name().replace(' ', "-");
    let said = sentence(trace, message);
    let _ = write!(
        out,
        r#"<g class="m {class}{copy}" data-at="{}" data-a="{}" data-b="{}" data-t="{}"><title>{}</title><line class="hit" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/><line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#,
        message.sent,
        message.from,
        message.to,
        escape(&said),
        escape(&said),
    );
    match message.fate {
        Fate::Delivered | Fate::OnTheWay => head(out, (x1, y1), (x2, y2)),
        Fate::Lost | Fate::Cut | Fate::NobodyThere => {
            let _ = write!(
                out,
                r#"<path d="M{:.1} {:.1}l8 8m0 -8l-8 8"/>"#,
                x2 - 4.0,
                y2 - 4.0
            );
        }
    }
    out.push_str("</g>");
}

/// An arrow's head at `to`.
fn head(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1e-9);
    let (ux, uy) = (dx / length, dy / length);
    let corner = |side: f64| (to.0 - 7.0 * ux - side * uy, to.1 - 7.0 * uy + side * ux);
    let (a, b) = (corner(3.5), corner(-3.5));
    let _ = write!(
        out,
        r#"<path class="head" d="M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Z"/>"#,
        to.0, to.1, a.0, a.1, b.0, b.1
    );
}

fn sign(out: &mut String, trace: &Trace, mark: &Mark, place: &Place, bottom: f64) {
    let x = place.x(mark.at);
    let (class, shape) = match mark.kind {
        MarkKind::Crash => ("crash", "M-6 -6L6 6M6 -6L-6 6"),
        MarkKind::Restart => ("restart", "M-5 -6L6 0L-5 6Z"),
        MarkKind::Partition => ("partition", ""),
        MarkKind::Heal => ("heal", ""),
        MarkKind::Note => ("note", "M0 -6L6 0L0 6L-6 0Z"),
    };
    let who = mark.lane.map_or("all nodes", |lane| &trace.lanes[lane]);
    let said = format!("{} · {who}: {}", time(mark.at), mark.label);
    let lane = mark.lane.map_or(String::new(), |lane| lane.to_string());
    let _ = write!(
        out,
        r#"<g class="k {class}" data-at="{}" data-a="{lane}" data-b="{lane}" data-t="{}"><title>{}</title>"#,
        mark.at,
        escape(&said),
        escape(&said),
    );
    let _ = match mark.lane {
        Some(lane) => {
            let y = Place::y(lane);
            write!(
                out,
                r#"<path transform="translate({x:.1} {y:.1})" d="{shape}"/>"#
            )
        }
        None => {
            // Near the right edge the word stands before its line.
            let late = x > place.left + 0.8 * place.width;
            let (at, anchor) = if late {
                (x - 3.0, "end")
            } else {
                (x + 3.0, "start")
            };
            let label = escape(&mark.label);
            write!(
                out,
                r#"<line x1="{x:.1}" x2="{x:.1}" y1="16" y2="{bottom:.1}"/><text x="{at:.1}" y="12" text-anchor="{anchor}">{label}</text>"#
            )
        }
    };
    out.push_str("</g>");
}

fn axis(out: &mut String, trace: &Trace, place: &Place, bottom: f64) {
    let _ = write!(
        out,
        r#"<text x="{:.1}" y="{:.1}">{}</text><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
        place.left,
        bottom + 16.0,
        time(place.start),
        place.left + place.width,
        bottom + 16.0,
        time(place.start.saturating_add(ending(trace, place))),
    );
}

/// How long the trace lasts, in nanoseconds.
fn ending(trace: &Trace, place: &Place) -> u64 {
    let arrived = trace
        .messages
        .iter()
        .map(|it| it.arrived.unwrap_or(it.sent));
    let last = arrived.chain(trace.marks.iter().map(|mark| mark.at)).max();
    last.unwrap_or(0).saturating_sub(place.start)
}

fn sentence(trace: &Trace, message: &Message) -> String {
    let copy = if message.copy { " (a copy)" } else { "" };
    let arrived = message.arrived.map_or(String::new(), |at| {
        format!(" after {}", time(at - message.sent))
    });
    let label = match message.label.as_str() {
        "" => "a message",
        label => label,
    };
    format!(
        "{} · {} → {}: {label}{copy}, {}{arrived}",
        time(message.sent),
        trace.lanes[message.from],
        trace.lanes[message.to],
        message.fate.name(),
    )
}

/// A time for people, in milliseconds.
fn time(nanos: u64) -> String {
    format!("{:.3} ms", nanos as f64 / 1e6)
}
