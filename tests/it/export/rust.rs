use super::prove_all;

#[test]
fn the_compiled_source_gives_what_the_network_gives() {
    prove_all("rust");
}

#[test]
fn with_weights_in_eight_bits_it_gives_what_the_network_gives_with_these() {
    prove_all("rust-int8");
}
