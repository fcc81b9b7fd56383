use super::prove_all;

#[test]
fn every_tensor_is_read_back_as_it_was_written() {
    prove_all("safetensors");
    prove_all("safetensors-float16");
}
