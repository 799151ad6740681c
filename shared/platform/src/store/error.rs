//! Why the database cannot be used.

use sqlx::migrate::MigrateError;

use super::fault::fault_of_setting;
use crate::{config::ConfigError, versions::TooOld};

/// Why the database cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `DATABASE_URL` is wrong: waiting changes nothing.
    #[error(transparent)]
    Setting(ConfigError),
    /// Postgres does not answer, or refuses.
    #[error("the database cannot be reached or refuses: {0}")]
    Database(sqlx::Error),
    /// A migration fails, or differs from what was applied.
    #[error("the database cannot be migrated: {0}")]
    Migrate(MigrateError),
    /// A newer release's tables are not for this program.
    #[error("the tables have {0}")]
    TooOld(#[from] TooOld),
    /// The embedded file cannot be read.
    #[error("migrations/compatibility.toml: {0}")]
    Compatibility(#[from] toml::de::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        fault_of_setting(&error).map_or(Self::Database(error), Self::Setting)
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        let fault = match &error {
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
                fault_of_setting(cause)
            }
            _ => None,
        };
        fault.map_or(Self::Migrate(error), Self::Setting)
    }
}
