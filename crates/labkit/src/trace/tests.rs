//! What a trace holds, and what its drawing and its page say of it.

use super::*;

fn story() -> Trace {
    let mut trace = Trace::new("<Two> nodes", ["a", "b"]);
    let first = trace.sent(1_000_000, (0, 1), false, "hello & welcome");
    trace.ended(first.expect("room"), 3_000_000, Fate::Delivered);
    let second = trace.sent(4_000_000, (1, 0), true, "again");
    trace.ended(second.expect("room"), 5_000_000, Fate::Lost);
    trace.mark(5_000_000, Some(0), MarkKind::Crash, "crash");
    trace.mark(7_000_000, Some(0), MarkKind::Restart, "restart");
    trace.mark(8_000_000, None, MarkKind::Partition, "partition");
    trace
}

#[test]
fn the_drawing_shows_every_message_and_mark_once() {
    let svg = story().to_svg();
    assert_eq!(svg.matches("<g class=\"m ").count(), 2);
    assert_eq!(svg.matches("<g class=\"k ").count(), 3);
    assert_eq!(svg.matches("<rect class=\"down\"").count(), 1);
    assert!(svg.contains("m lost copy"), "{svg}");
    assert!(
        svg.contains("a → b: hello &amp; welcome, delivered after 2.000 ms"),
        "{svg}"
    );
}

#[test]
fn what_others_wrote_is_escaped_everywhere() {
    let mut trace = story();
    trace.sent(9, (0, 1), false, "</script><b>");
    for text in [trace.to_svg(), trace.to_html()] {
        assert!(!text.contains("<b>") && !text.contains("<Two>"), "{text}");
    }
}

#[test]
fn the_page_needs_no_network() {
    let page = story().to_html();
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains(" src="));
    assert_eq!(page.matches("<script>").count(), 1);
}

#[test]
fn what_has_no_room_or_no_lane_is_counted() {
    let mut trace = Trace::new("small", ["a", "b"]).limit(1);
    assert!(trace.sent(1, (0, 2), false, "no lane").is_none());
    assert!(trace.sent(1, (0, 1), false, "kept").is_some());
    assert!(trace.sent(2, (0, 1), false, "too many").is_none());
    trace.mark(1, Some(2), MarkKind::Note, "no lane");
    assert_eq!((trace.messages().len(), trace.left_out()), (1, 3));
}

#[test]
fn an_empty_trace_can_be_drawn() {
    let trace = Trace::new("nothing", Vec::<String>::new());
    assert!(trace.to_svg().ends_with("</svg>"));
    assert!(trace.to_html().contains("<h1>nothing</h1>"));
}
