//! How the released program is linked.

use std::env;

#[expect(clippy::disallowed_methods, reason = "Cargo tells a build script through the environment")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    // There rustc brings the linker (LLD) that knows these.
    let has_lld = is("TARGET", "x86_64-unknown-linux-gnu");
    if has_lld && is("PROFILE", "release") {
        // Relocations of a position-independent program as bits instead of records: two
        // megabytes less to map and to walk at the start. Needs glibc 2.36 (Debian 12).
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        // Functions that differ in nothing once: each crate has its own copies of generics.
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=safe");
    }
}
