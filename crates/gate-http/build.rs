//! The built pages are part of the binary: build it again when they change, or appear.
fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
