//! What a run came to: one table for the terminal, one page that links all reports.

use std::fmt::Write;

use labkit::report::{self, Table, escape, number};

use super::demo::{Finished, Verdict};

/// Lab, time, headline figure, verdict.
pub(super) fn table(finished: &[Finished]) -> String {
    let mut table = Table::new(["lab", "seconds", "headline", "verdict"]);
    for one in finished {
        let verdict = match one.verdict.reason() {
            "" => one.verdict.word().to_owned(),
            reason => format!("{}: {reason}", one.verdict.word()),
        };
        table = table.row([
            one.program.name.clone(),
            format!("{:.1}", one.seconds),
            headline(one),
            verdict,
        ]);
    }
    table.to_terminal()
}

fn headline(one: &Finished) -> String {
    one.report
        .as_ref()
        .and_then(|report| report.headline_figure())
        .map_or(String::new(), |figure| {
            format!("{}: {} {}", figure.name, number(figure.value), figure.unit)
        })
}

/// The index of all reports, beside which it is written.
pub(super) fn page(finished: &[Finished]) -> String {
    let passed = finished
        .iter()
        .filter(|one| one.verdict == Verdict::Passed)
        .count();
    let mut body = format!(
        "<header><h1>The labs' reports</h1><p class=\"lead\">{passed} of {} passed.</p></header>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"all labs\"><table><thead>\
         <tr><th scope=\"col\">lab</th><th scope=\"col\">headline</th>\
         <th scope=\"col\" class=\"n\">seconds</th><th scope=\"col\">verdict</th></tr></thead><tbody>\n",
        finished.len()
    );
    for one in finished {
        let name = escape(&one.program.title);
        let link = match one.report {
            Some(_) => format!("<a href=\"{}.html\">{name}</a>", escape(&one.program.name)),
            None => name,
        };
        let class = match one.verdict {
            Verdict::Passed => "held",
            _ => "failed",
        };
        let _ = writeln!(
            body,
            "<tr><td>{link}</td><td>{}</td><td class=\"n\">{:.1}</td>\
             <td class=\"{class}\"><b>{}</b> {}</td></tr>",
            escape(&headline(one)),
            one.seconds,
            one.verdict.word(),
            escape(one.verdict.reason()),
        );
    }
    body.push_str("</tbody></table></div>\n");
    report::page("The labs' reports", &body)
}
