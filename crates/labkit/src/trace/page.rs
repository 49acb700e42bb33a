//! A trace as a page: the drawing, what happened step by step, and what to hide.

use std::fmt::Write;

use super::{Trace, svg};
use crate::report::{escape, page};

/// Room for each event on the page, which scrolls; and how wide it gets at most.
const STEP: f64 = 26.0;
const WIDEST: f64 = 16_000.0;

pub(super) fn render(trace: &Trace) -> String {
    let events = trace.messages.len() + trace.marks.len();
    let width = (STEP * events as f64).clamp(svg::REPORT_WIDTH, WIDEST);
    let mut body = format!(
        "<header><h1>{}</h1><p class=\"lead\">Time runs to the right. Step with the arrow keys, \
         Home and End, or tap an arrow.</p></header>\n<style>{}</style>\n",
        escape(&trace.title),
        include_str!("page.css"),
    );
    body.push_str("<div class=\"steps\">");
    for (key, sign, name) in [
        ("first", "|◀", "first"),
        ("back", "◀", "one step back"),
        ("next", "▶", "one step on"),
        ("last", "▶|", "last"),
    ] {
        let _ = write!(
            body,
            "<button data-go=\"{key}\" aria-label=\"{name}\">{sign}</button>"
        );
    }
    body.push_str("<output aria-live=\"polite\"></output></div>\n<fieldset><legend>Show</legend>");
    for (class, name) in [
        ("delivered", "delivered"),
        ("lost", "lost"),
        ("cut-off", "cut off"),
        ("nobody-there", "nobody there"),
        ("on-the-way", "on the way"),
        ("copy", "copies"),
        ("k", "crashes, partitions"),
    ] {
        check(&mut body, "class", class, name);
    }
    body.push_str("</fieldset>\n<fieldset><legend>Nodes</legend>");
    for (lane, name) in trace.lanes.iter().enumerate() {
        check(&mut body, "lane", &lane.to_string(), name);
    }
    body.push_str(
        "</fieldset>\n<p><label>Only what contains <input type=\"search\" \
         placeholder=\"a message's name\"></label></p>\n",
    );
    let _ = writeln!(
        body,
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"diagram\">{}</div>",
        svg::draw(trace, width)
    );
    if trace.left_out > 0 {
        let _ = writeln!(
            body,
            "<p>{} more messages and events were left out.</p>",
            trace.left_out
        );
    }
    let _ = writeln!(body, "<script>{}</script>", include_str!("page.js"));
    page(&trace.title, &body)
}

fn check(body: &mut String, kind: &str, value: &str, name: &str) {
    let _ = write!(
        body,
        "<label><input type=\"checkbox\" data-{kind}=\"{value}\" checked> {}</label> ",
        escape(name)
    );
}
