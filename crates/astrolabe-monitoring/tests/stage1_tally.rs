//! Stage 1: a tally counts words.

use astrolabe_monitoring::Tally;

#[test]
fn words_are_counted() {
    let mut tally = Tally::new();
    for word in ["to", "be", "or", "not", "to", "be", "be"] {
        tally.record(word);
    }
    assert_eq!(tally.total(), 7);
    assert_eq!(tally.most_frequent(), Some(("be", 3)));
}

#[test]
fn the_first_in_the_alphabet_wins_a_tie() {
    let mut tally = Tally::new();
    tally.record("or");
    tally.record("be");
    assert_eq!(tally.most_frequent(), Some(("be", 1)));
}

#[test]
fn an_empty_tally_has_no_most_frequent_word() {
    assert_eq!(Tally::new().most_frequent(), None);
}
