//! Stage 2: queries are understood, errors have a place, and partial results can be merged.

mod support;

use astrolabe_monitoring::aggregate::{Partial, Results};
use astrolabe_monitoring::query::{Attribute, Query};
use astrolabe_monitoring::row::{Attributes, Content, Leaf, Row};
use astrolabe_monitoring::value::Value;
use astrolabe_monitoring::zone::Path;
use labkit::sim::NodeId;
use proptest::prelude::*;

use support::{direct, path};

#[test]
fn the_standing_query_is_what_its_text_says() {
    let text = "SELECT MIN(cpu), AVG(mem), SUM(load), COUNT(*), TOP(3, cpu)";
    let query = Query::parse(text).expect("a query");
    assert_eq!(query, Query::standing());
    assert_eq!(&**query.text(), text);
}

#[test]
fn queries_that_ask_for_the_same_are_the_same() {
    let canonical = Query::parse("SELECT MIN(cpu), TOP(3, cpu), COUNT(gpu)").expect("a query");
    for text in [
        "select min(cpu),top(3,cpu),count(gpu)",
        "  Select\tMin ( cpu ) , Top( 3 , cpu )\n, Count(gpu) ",
    ] {
        let query = Query::parse(text).expect(text);
        assert_eq!((&query, query.key()), (&canonical, canonical.key()));
    }
    // Attributes are names, not keywords.
    assert_ne!(
        Query::parse("SELECT MIN(CPU)").expect("a query").key(),
        Query::parse("SELECT MIN(cpu)").expect("a query").key()
    );
}

#[test]
fn errors_say_where_and_what() {
    let mut cases = 0;
    for case in include_str!("cases/bad_queries.txt").lines() {
        let mut parts = case.splitn(3, " |");
        let (Some(column), Some(what), Some(query)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let Ok(column) = column.parse::<usize>() else {
            continue;
        };
        let query = query.strip_prefix(' ').unwrap_or(query);
        let error = Query::parse(query).expect_err(query);
        assert_eq!(error.column, column, "{query}: {error}");
        assert!(error.what.contains(what.trim()), "{query}: {error}");
        cases += 1;
    }
    assert_eq!(cases, 21);
    let long = format!("SELECT MIN({})", "a".repeat(300));
    assert_eq!(Query::parse(&long).expect_err("too long").column, 257);
}

#[test]
fn a_mean_of_means_is_not_the_mean() {
    let query = Query::parse("SELECT AVG(cpu)").expect("a query");
    let crowded: Vec<_> = (0..9)
        .map(|at| node(&format!("/a/{at}"), &[Some(0)]))
        .collect();
    let lonely = node("/b/0", &[Some(100_000)]);
    let zones = [zone("a", &query, &crowded), zone("b", &query, &[lonely])];
    let whole = Results::over(&query, zones.iter());
    assert_eq!(whole.partials, [Partial::Avg(100.into(), 10)]);
    assert_eq!(
        (whole.nodes, whole.partials[0].to_string()),
        (10, "10".into())
    );
}

const NAMES: [&str; 2] = ["cpu", "mem"];

/// A node that measures what isn't none.
fn node(text: &str, values: &[Option<i64>]) -> (Path, Attributes) {
    let known = NAMES.iter().zip(values).filter_map(|(name, value)| {
        Some((Attribute::new(name), Value::from_thousandths((*value)?)))
    });
    (path(text), known.collect())
}

fn zone(name: &str, query: &Query, nodes: &[(Path, Attributes)]) -> Row<NodeId> {
    let rows: Vec<Row<NodeId>> = nodes.iter().map(leaf_row).collect();
    zone_row(name, Results::over(query, rows.iter()))
}

fn zone_row(name: &str, results: Results) -> Row<NodeId> {
    let nodes = results.nodes;
    Row::new(
        name.into(),
        1,
        nodes,
        [].into(),
        Content::Zone(vec![results]),
    )
}

fn leaf_row((path, attributes): &(Path, Attributes)) -> Row<NodeId> {
    let leaf = Leaf {
        path: path.as_arc().clone(),
        instance: 1,
        uptime: 1,
        attributes: attributes.clone(),
    };
    Row::new("n".into(), 1, 1, [].into(), Content::Leaf(leaf))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However nodes are divided into zones and zones into zones, and in whatever order they are merged.
    #[test]
    fn a_tree_of_merges_comes_to_what_is_computed_directly(
        values in prop::collection::vec(
            (prop::option::of(-50_000_i64..50_000), prop::option::of(0_i64..9)), 1..40),
        cuts in prop::collection::vec(1_usize..8, 40),
        rotate in 0_usize..40,
    ) {
        let text = "SELECT MIN(cpu), MAX(mem), SUM(cpu), AVG(mem), COUNT(*), COUNT(mem), TOP(4, mem)";
        let query = Query::parse(text).expect("a query");
        let nodes: Vec<_> = values.iter().enumerate()
            .map(|(at, (cpu, mem))| node(&format!("/n{at:02}"), &[*cpu, *mem]))
            .collect();
        let mut rest = &nodes[..];
        let mut racks = Vec::new();
        for cut in &cuts {
            let (some, others) = rest.split_at((*cut).min(rest.len()));
            racks.push(zone("rack", &query, some));
            rest = others;
        }
        racks.push(zone("rack", &query, rest));
        let middle = rotate % racks.len();
        racks.rotate_left(middle);
        let sites: Vec<_> = racks.chunks(3)
            .map(|racks| zone_row("site", Results::over(&query, racks.iter())))
            .collect();
        let whole = Results::over(&query, sites.iter());
        prop_assert_eq!(whole.nodes, nodes.len() as u64);
        prop_assert_eq!(whole.partials, direct(&query, &nodes));
    }
}
