//! Whether a program may run on tables and streams that a newer release has brought up to date.
//!
//! After a rollback it must, as long as nothing that it needs is gone. So the newer release writes
//! beside its version which programs still work there, and who is not too old for that leaves
//! everything as it is.

/// What tables or streams carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Of the release that brought them up to date.
    pub version: i64,
    /// The lowest version of programs that work on them.
    pub oldest_compatible: i64,
}

/// How tables or streams stand to a program that works on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Of its version or of an older one: it may bring them up to date.
    Own,
    /// Of a newer release: it leaves them as they are.
    Newer,
}

/// A program that is too old for what a newer release has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "version {}, on which only programs of version {} or later work, and this one has {mine}: start the newer release \
     again, or any from version {} on",
    theirs.version,
    theirs.oldest_compatible,
    theirs.oldest_compatible
)]
pub struct TooOld {
    /// The program's version.
    pub mine: i64,
    /// What it has found.
    pub theirs: Versions,
}

impl Versions {
    /// How these stand to a program of version `mine`.
    ///
    /// # Errors
    /// When the program is too old for them.
    pub const fn judge(self, mine: i64) -> Result<Standing, TooOld> {
        if mine < self.oldest_compatible {
            return Err(TooOld { mine, theirs: self });
        }
        Ok(if mine < self.version { Standing::Newer } else { Standing::Own })
    }

    /// What a program of version `mine` says of a newer release's that it leaves alone.
    pub fn left_alone(self, mine: i64) -> String {
        let Self { version, oldest_compatible } = self;
        format!(
            "left as a newer release made them (version {version}): programs of version {oldest_compatible} or later \
             work on them, this one has {mine}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_older_than_the_oldest_compatible_is_refused() {
        let theirs = Versions { version: 9, oldest_compatible: 7 };
        for (mine, wanted) in [
            (6, Err(TooOld { mine: 6, theirs })),
            (7, Ok(Standing::Newer)),
            (8, Ok(Standing::Newer)),
            (9, Ok(Standing::Own)),
            (10, Ok(Standing::Own)),
        ] {
            assert_eq!(theirs.judge(mine), wanted, "{mine}");
        }
    }

    #[test]
    fn a_refusal_names_both_versions_and_what_to_do() {
        let refusal = Versions { version: 9, oldest_compatible: 7 }.judge(6).unwrap_err().to_string();
        for part in ["version 9", "version 7 or later", "has 6", "start the newer release"] {
            assert!(refusal.contains(part), "{part}: {refusal}");
        }
    }
}
