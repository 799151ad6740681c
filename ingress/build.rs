//! How the released program is linked.

use std::{env, fmt::Write as _, fs, path::Path};

/// Functions that a start and calls run, one pattern a line; `make link-order` writes it.
const LINK_ORDER: &str = "link-order.txt";

#[expect(clippy::disallowed_methods, reason = "Cargo tells a build script through the environment")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LINK_ORDER}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    // There rustc brings the linker (LLD) that knows these.
    let has_lld = is("TARGET", "x86_64-unknown-linux-gnu");
    if has_lld && is("PROFILE", "release") {
        let script = Path::new(&env::var("OUT_DIR")?).join("link-order.ld");
        fs::write(&script, side_by_side(&fs::read_to_string(LINK_ORDER)?)?)?;
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
        // Relocations of a position-independent program as bits instead of records: two
        // megabytes less to map and to walk at the start. Needs glibc 2.36 (Debian 12).
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        // Functions that differ in nothing once: each crate has its own copies of generics.
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=safe");
    }
    Ok(())
}

/// A linker script that places the listed functions before all others. A name that is gone
/// matches nothing, and what it stood for lies among the others: only memory is lost.
fn side_by_side(patterns: &str) -> Result<String, std::fmt::Error> {
    let mut script = "SECTIONS {\n  .text.listed : {\n".to_owned();
    for pattern in patterns.lines() {
        // Cold functions have a prefix of their own; start-up runs many.
        writeln!(script, "    *(.text.{pattern} .text.unlikely.{pattern})")?;
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    Ok(script)
}
