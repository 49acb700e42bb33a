//! What goes wrong around the lab, and what it does then.

use astrolabe_monitoring::Tally;

#[test]
fn an_empty_word_is_a_word() {
    let mut tally = Tally::new();
    tally.record("");
    assert_eq!(tally.most_frequent(), Some(("", 1)));
}
