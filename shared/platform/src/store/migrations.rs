//! The migrations of this build.

use sqlx::migrate::Migrator;

/// The schema that holds every table of ours.
pub const SCHEMA: &str = "prosaas";

/// Where the migrator remembers what it applied.
pub(super) const MIGRATIONS_TABLE: &str = "prosaas._sqlx_migrations";

/// All of them.
pub(super) fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../../migrations");
    migrator.create_schema(SCHEMA);
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    // The session lock of sqlx is of no use behind a transaction pooler; see `migrate`.
    migrator.set_locking(false);
    migrator
}
