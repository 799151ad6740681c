//! A new migration file must rebuild the embedded list: the macro that embeds it
//! sees changed files only.
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
