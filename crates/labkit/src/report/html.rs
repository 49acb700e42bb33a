//! A report as one HTML page: no network, no script, light and dark, wide and narrow.

use std::fmt::Write;

use super::{Block, Contest, Figure, Report, Table, number};
use crate::chart::{self, escape};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "<header><p class=\"lab\">{}</p><h1>{}</h1>",
        escape(&report.lab),
        escape(&report.title),
    );
    if !report.lead.is_empty() {
        let _ = write!(out, "<p class=\"lead\">{}</p>", escape(&report.lead));
    }
    if let Some(figure) = &report.headline {
        big_number(&mut out, figure);
    }
    out.push_str("</header>\n");
    verdicts(&mut out, report);
    for block in &report.blocks {
        draw_block(&mut out, block);
    }
    if let Some(seed) = report.seed {
        let _ = write!(
            out,
            "<footer>Repeat with <code>cargo run -p {} -- --seed {seed}</code></footer>",
            escape(&report.lab)
        );
    }
    page(&report.title, &out)
}

/// A whole page around `body`, which is HTML already, in the style of all reports.
#[must_use]
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>\
         <style>{}{}</style></head>\n<body><main>\n{body}</main></body></html>\n",
        escape(title),
        include_str!("style.css"),
        chart::STYLE,
    )
}

fn big_number(out: &mut String, figure: &Figure) {
    let _ = write!(
        out,
        "<p class=\"figure\"><strong>{}</strong> {}<span>{}</span></p>",
        number(figure.value),
        escape(&figure.unit),
        escape(&figure.name),
    );
}

fn verdicts(out: &mut String, report: &Report) {
    if report.checks.is_empty() {
        return;
    }
    out.push_str("<ul class=\"checks\">");
    for check in &report.checks {
        let (class, mark) = if check.passed {
            ("held", "held")
        } else {
            ("failed", "failed")
        };
        let _ = write!(
            out,
            "<li class=\"{class}\"><b>{mark}</b> {} <span>{}</span></li>",
            escape(&check.claim),
            escape(&check.seen),
        );
    }
    out.push_str("</ul>\n");
}

fn draw_block(out: &mut String, block: &Block) {
    match block {
        Block::Heading(text) => {
            let _ = writeln!(out, "<h2>{}</h2>", escape(text));
        }
        Block::Text(text) => {
            let _ = writeln!(out, "<p>{}</p>", escape(text));
        }
        Block::Table(table) => draw_table(out, table),
        Block::Figure(figure) => big_number(out, figure),
        Block::Chart(chart) => drawing(out, &chart.title, &chart.to_svg()),
        Block::Timeline(timeline) => drawing(out, &timeline.title, &timeline.to_svg()),
        Block::Drawing(own) => drawing(out, &own.title, &own.svg),
        Block::Contest(contest) => draw_contest(out, contest),
    }
}

/// A drawing under its title. It scrolls on a narrow screen rather than shrink beyond reading, so
/// it can be reached by keyboard.
fn drawing(out: &mut String, title: &str, svg: &str) {
    let _ = writeln!(
        out,
        "<figure><figcaption>{}</figcaption><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{}\">{svg}</div></figure>",
        escape(title),
        escape(title),
    );
}

fn draw_table(out: &mut String, table: &Table) {
    let numeric = table.numeric();
    let class = |at: usize| if numeric[at] { " class=\"n\"" } else { "" };
    out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"table\"><table><thead><tr>");
    for (at, cell) in table.head.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(at), escape(cell));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(at), escape(cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>\n");
}

fn draw_contest(out: &mut String, contest: &Contest) {
    let mut bars = chart::Chart::bars(&contest.name).y(&contest.unit);
    let mut table = Table::new([
        "contender",
        contest.unit.as_str(),
        "ours is × as fast",
        "95 % interval",
        "target",
        "note",
    ]);
    for contender in &contest.contenders {
        if let Some(rate) = contender.rate {
            bars = bars.bar(&contender.name, rate);
        }
        let ratio = contender.ratio;
        table = table.row([
            contender.name.clone(),
            contender.rate.map_or("not here".to_owned(), number),
            ratio.map_or(String::new(), |ratio| format!("{:.2}", ratio.mid)),
            ratio.map_or(String::new(), |ratio| {
                format!("{:.2} to {:.2}", ratio.low, ratio.high)
            }),
            match (contender.target, contender.reached()) {
                (Some(target), Some(true)) => format!("≥ {target} reached"),
                (Some(target), Some(false)) => format!("≥ {target} missed"),
                (Some(target), None) => format!("≥ {target} not measured"),
                (None, _) => String::new(),
            },
            contender.note.clone(),
        ]);
    }
    drawing(out, &contest.name, &bars.to_svg());
    draw_table(out, &table);
}
