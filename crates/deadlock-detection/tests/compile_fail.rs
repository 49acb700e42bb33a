//! Programs that must not compile: a guard stays with its thread, and doesn't outlive its lock.

#[test]
fn unsound_programs_dont_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
