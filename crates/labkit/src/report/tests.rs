//! What every form of a report must hold.

use super::*;

fn sample() -> Report {
    Report::new("thread-pool", "Thread <pool>")
        .lead("What it is about.")
        .headline(Figure::new("throughput", 1_234_567.0, "jobs/s"))
        .check("all ran", true, "10 of 10")
        .heading("Part")
        .text("A paragraph & more.")
        .table(
            Table::new(["name", "count"])
                .row(["a", "1"])
                .row(["b", "20"]),
        )
        .chart(Chart::bars("Bars").y("jobs/s").bar("one", 1.0))
        .seed(7)
}

#[test]
fn one_failed_check_fails_the_report() {
    assert!(sample().passed());
    let failed = sample().check("none was lost", false, "1 lost");
    assert!(!failed.passed());
    assert!(
        failed
            .to_terminal()
            .contains("✗ FAILED: none was lost (1 lost)")
    );
    assert!(failed.to_html().contains("class=\"failed\""));
}

#[test]
fn the_terminal_form_has_every_part() {
    let text = sample().to_terminal();
    for part in [
        "Thread <pool>",
        "✓ all ran (10 of 10)",
        "1,234,567 jobs/s",
        "--seed 7",
        "█",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn the_page_escapes_text_and_loads_nothing() {
    let page = sample().to_html();
    assert!(page.contains("Thread &lt;pool&gt;"));
    assert!(page.contains("paragraph &amp; more"));
    for outside in [
        "<script", "src=", "href=", "url(", "http:", "https:", "@import",
    ] {
        assert!(!page.contains(outside), "{outside} in the page");
    }
}

#[test]
fn the_json_form_can_be_read_back() {
    let value: serde_json::Value = serde_json::from_str(&sample().to_json()).expect("JSON");
    assert_eq!(value["lab"], "thread-pool");
    assert_eq!(value["headline"]["value"], 1_234_567.0);
    assert_eq!(value["blocks"][2]["table"]["rows"][1][1], "20");
    let again = Report::from_json(&sample().to_json()).expect("its own form");
    assert_eq!(again.to_html(), sample().to_html());
    assert!(Report::from_json("{}").is_err());
    let nothing = Report::new("a", "A").headline(Figure::new("a ratio", f64::NAN, ""));
    let again = Report::from_json(&nothing.to_json()).expect("NaN comes back");
    assert!(
        again
            .headline_figure()
            .is_some_and(|figure| figure.value.is_nan())
    );
}

#[test]
fn numbers_are_written_for_people() {
    assert_eq!(number(1_234_567.4), "1,234,567");
    assert_eq!(number(-1_000.0), "-1,000");
    assert_eq!(number(12.345), "12.3");
    assert_eq!(number(0.25), "0.2500");
    assert_eq!(number(3.0), "3");
    assert_eq!(number(f64::NAN), "–");
}

#[test]
fn a_drawing_is_on_the_page_as_it_is_and_on_a_terminal_by_its_title() {
    let report = Report::new("lab", "Title").drawing("A <graph>", "<svg><desc>own</desc></svg>");
    assert!(report.to_html().contains("<svg><desc>own</desc></svg>"));
    assert!(report.to_html().contains("A &lt;graph&gt;"));
    assert!(
        report
            .to_terminal()
            .contains("[A <graph>: see --html FILE]")
    );
}
