//! What every chart must hold, whatever it is drawn from.

use super::*;

#[test]
fn every_point_is_inside_the_drawing() {
    let chart = Chart::lines("growth")
        .x("n")
        .y("seconds")
        .log_x()
        .log_y()
        .series("a", vec![(1.0, 1e-6), (1e9, 3.0)])
        .series("b", vec![(10.0, 0.5)]);
    let svg = chart.to_svg();
    for part in svg.split("cx=\"").skip(1) {
        let x: f64 = part.split('"').next().unwrap().parse().unwrap();
        assert!((frame::LEFT..=frame::RIGHT).contains(&x), "{x}");
    }
}

#[test]
fn odd_values_never_break_a_drawing() {
    for values in [vec![], vec![(0.0, 0.0)], vec![(1.0, f64::NAN), (2.0, 5.0)]] {
        let svg = Chart::lines("odd").series("x", values).to_svg();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    }
    assert!(Chart::bars("none").to_svg().ends_with("</svg>"));
}

#[test]
fn text_from_outside_is_escaped() {
    let svg = Chart::bars("<script>").bar("a & b", 1.0).to_svg();
    assert!(!svg.contains("<script>"));
    assert!(svg.contains("a &amp; b"));
}

#[test]
fn whole_numbers_are_marked_at_whole_numbers() {
    let workers = scale::Scale::over([1.0, 2.0, 3.0].into_iter(), (0.0, 100.0), false, false);
    assert_eq!(workers.marks(), [1.0, 2.0, 3.0]);
    let shares = scale::Scale::over([0.5, 2.0].into_iter(), (0.0, 100.0), false, false);
    assert!(shares.marks().iter().any(|mark| mark.fract() != 0.0));
}

#[test]
fn marks_are_round_numbers() {
    let marks = |low: f64, high: f64| {
        scale::Scale::over([low, high].into_iter(), (0.0, 1.0), false, false).marks()
    };
    assert_eq!(marks(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
    assert_eq!(scale::label(1_500_000.0), "1.5M");
    assert_eq!(scale::label(0.25), "0.25");
    assert_eq!(scale::label(100.0), "100");
    assert_eq!(scale::label(20_000.0), "20k");
}

#[test]
fn a_histogram_keeps_every_value() {
    let mut values = Histogram::new();
    for value in [1, 5, 5, 900, 1_000] {
        values.record(value);
    }
    let Data::Bars { series, .. } = Chart::histogram("h", "ns", 1.0, &values).data else {
        panic!("a histogram is drawn with bars");
    };
    assert_eq!(series[0].values.iter().sum::<f64>(), 5.0);
}

#[test]
fn a_timeline_names_each_kind_once() {
    let svg = Timeline::new("t", "ms")
        .lane("worker 0")
        .span(0, (0.0, 1.0), "job 1", "own")
        .span(0, (1.0, 2.0), "job 2", "own")
        .to_svg();
    assert_eq!(svg.matches("class=\"legend\"").count(), 1);
}
