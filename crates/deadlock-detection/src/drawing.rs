//! A wait-for graph to look at: as DOT text for Graphviz, and as an SVG drawing of its own.
//!
//! Threads are round, locks are square. A solid arrow leads from a lock to who holds it, a dashed one from
//! who waits to the lock; the cycle is marked, and lies on a circle. Never decides what is in the graph.

mod layout;

use std::fmt::Write;

use labkit::report::escape;

use crate::graph::{Mode, Snapshot};
use layout::{Arrow, Layout, Point};

/// The radius of a thread, in the drawing's units.
const NODE: f64 = 24.0;
/// Half the side of a lock: its corners are about as far from its middle as arrows keep away.
const HALF: f64 = 20.0;

/// Colours for light and dark, so that the drawing can stand alone or on a page.
const STYLE: &str = "\
.wfg { width: 100%; height: auto; max-height: 34rem; display: block; font: 12px system-ui, sans-serif; \
--ink: #1b1f24; --paper: #f5f7f9; --calm: #59636e; --thread: #0072b2; --lock: #6b5200; --hot: #c0392b; } \
@media (prefers-color-scheme: dark) { .wfg { --ink: #e8ecf0; --paper: #1c2229; --calm: #9ba6b2; \
--thread: #56b4e9; --lock: #e6b02e; --hot: #ff7b72; } } \
.wfg text { fill: var(--ink); text-anchor: middle; } \
.wfg .thread { fill: var(--paper); stroke: var(--thread); stroke-width: 2; } \
.wfg .lock { fill: var(--paper); stroke: var(--lock); stroke-width: 2; } \
.wfg .edge { fill: none; stroke: var(--calm); stroke-width: 1.6; } \
.wfg .head { fill: var(--calm); } \
.wfg .wait { stroke-dasharray: 6 4; } \
.wfg .hot { stroke: var(--hot); stroke-width: 2.4; } .wfg .head.hot { fill: var(--hot); stroke: none; }";

/// The graph in the language of Graphviz: `dot -Tsvg`.
#[must_use]
pub fn to_dot(graph: &Snapshot) -> String {
    let mut dot = String::from("digraph wait_for {\n  rankdir=LR;\n");
    for (party, name) in &graph.parties {
        let _ = writeln!(
            dot,
            "  t{} [shape=ellipse, label={}];",
            party.0,
            quoted(name)
        );
    }
    for (lock, name) in &graph.locks {
        let _ = writeln!(dot, "  l{} [shape=box, label={}];", lock.0, quoted(name));
    }
    let layout = Layout::of(graph);
    for (place, (lock, party, mode)) in graph.holds.iter().enumerate() {
        let note = label(*mode, "held by");
        let colour = hot(layout.holds[place].in_cycle);
        let _ = writeln!(
            dot,
            "  l{} -> t{} [label=\"{note}\"{colour}];",
            lock.0, party.0
        );
    }
    for (place, (party, lock, mode)) in graph.waits.iter().enumerate() {
        let note = label(*mode, "waits for");
        let colour = hot(layout.waits[place].in_cycle);
        let _ = writeln!(
            dot,
            "  t{} -> l{} [style=dashed, label=\"{note}\"{colour}];",
            party.0, lock.0
        );
    }
    dot.push_str("}\n");
    dot
}

fn hot(in_cycle: bool) -> &'static str {
    if in_cycle { ", color=red" } else { "" }
}

fn label(mode: Mode, what: &str) -> String {
    match mode {
        Mode::Exclusive => what.to_owned(),
        Mode::Shared => format!("{what} (shared)"),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The graph as one SVG element with a style of its own, for light and dark pages.
#[must_use]
pub fn to_svg(graph: &Snapshot) -> String {
    let layout = Layout::of(graph);
    let size = layout.size;
    let mut svg = String::new();
    let _ = write!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="wfg" viewBox="0 0 {size:.0} {size:.0}" role="img"><title>A wait-for graph</title><desc>{}</desc><style>{STYLE}</style>"#,
        escape(&in_words(graph)),
    );
    for arrow in &layout.holds {
        draw_arrow(&mut svg, arrow, "hold");
    }
    for arrow in &layout.waits {
        draw_arrow(&mut svg, arrow, "wait");
    }
    for ((_, name), at) in graph.parties.iter().zip(&layout.parties) {
        let Point { x, y } = *at;
        let _ = write!(
            svg,
            r#"<circle class="thread" cx="{x:.1}" cy="{y:.1}" r="{NODE}"/>"#
        );
        caption(&mut svg, name, *at);
    }
    for ((_, name), at) in graph.locks.iter().zip(&layout.locks) {
        let _ = write!(
            svg,
            r#"<rect class="lock" x="{:.1}" y="{:.1}" width="{}" height="{}" rx="4"/>"#,
            at.x - HALF,
            at.y - HALF,
            2.0 * HALF,
            2.0 * HALF,
        );
        caption(&mut svg, name, *at);
    }
    svg.push_str("</svg>");
    svg
}

/// What a reader who can't see the drawing hears.
fn in_words(graph: &Snapshot) -> String {
    format!(
        "{} threads, {} locks, {} waits; {}",
        graph.parties.len(),
        graph.locks.len(),
        graph.waits.len(),
        match graph.cycle.len() {
            0 => "no cycle".to_owned(),
            members => format!("a cycle of {members} threads"),
        }
    )
}

/// A name in a node; the last word below the others if it is long.
fn caption(svg: &mut String, name: &str, at: Point) {
    let (above, below) = match name.rsplit_once(' ') {
        Some((above, below)) if name.chars().count() > 7 => (above, below),
        _ => ("", name),
    };
    let (first, second) = if above.is_empty() {
        (0.0, 4.0)
    } else {
        (-2.0, 11.0)
    };
    for (line, offset) in [(above, first), (below, second)] {
        let room = 38.0 / (line.chars().count().max(1) as f64 * 6.2);
        let size = 12.0 * room.clamp(0.5, 1.0);
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" font-size="{size:.1}">{}</text>"#,
            at.x,
            at.y + offset,
            escape(line),
        );
    }
}

fn draw_arrow(svg: &mut String, arrow: &Arrow, kind: &str) {
    let heat = if arrow.in_cycle { " hot" } else { "" };
    let (from, to) = arrow.between_borders(NODE);
    let (x, y) = ((to.x - from.x), (to.y - from.y));
    let length = x.hypot(y).max(1.0);
    let (x, y) = (x / length, y / length);
    // The head is a triangle of its own: a marker would need an id, and two drawings on a page share those.
    let base = Point {
        x: to.x - 9.0 * x,
        y: to.y - 9.0 * y,
    };
    let _ = write!(
        svg,
        r#"<path class="edge {kind}{heat}" d="M{:.1} {:.1}L{:.1} {:.1}"/><path class="head{heat}" d="M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Z"/>"#,
        from.x,
        from.y,
        base.x,
        base.y,
        to.x,
        to.y,
        base.x - 4.5 * y,
        base.y + 4.5 * x,
        base.x + 4.5 * y,
        base.y - 4.5 * x,
    );
}
