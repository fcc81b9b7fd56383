use super::prove_all;

#[test]
fn the_compiled_source_gives_what_the_network_gives() {
    prove_all("c");
}
