//! The WhatsApp service: whether it answers, and takes our signature.

use prosaas_domain::ids::WhatsappSessionId;
use prosaas_platform::clock::SharedClock;
use prosaas_whatsapp_service::{ServiceError, WhatsappService};
use uuid::Uuid;

use super::finding::{Area, Finding};
use crate::doctor::config::DoctorConfig;

const AREA: Area = Area("WhatsApp service");
const HEALTH: &str = "/health";
const SIGNED: &str = "a signed question";

/// Looks at it.
pub async fn check(config: &DoctorConfig, clock: &SharedClock) -> Vec<Finding> {
    let (base, secret) = match (&config.baileys_base_url, &config.internal_secret) {
        (Ok(base), Ok(secret)) => (base.clone(), secret.clone()),
        (Err(error), _) | (_, Err(error)) => return vec![AREA.skipped(HEALTH, error)],
    };
    let service = match WhatsappService::new(base, secret, clock.clone()) {
        Ok(service) => service,
        Err(error) => return vec![AREA.skipped(HEALTH, error)],
    };
    if let Err(error) = service.health().await {
        return vec![AREA.broken(
            HEALTH,
            error.to_string(),
            "start it (`docker compose up -d baileys`) and see `docker logs prosaas-baileys`",
        )];
    }
    // Of a session that nobody has: reading it changes nothing.
    let signed = match service.status(WhatsappSessionId(Uuid::new_v4())).await {
        Ok(_) | Err(ServiceError::Refused { status: 404, .. }) => AREA.ok(SIGNED, "taken"),
        Err(error @ ServiceError::Refused { status: 401, .. }) => AREA.broken(
            SIGNED,
            error.to_string(),
            "give it the INTERNAL_SECRET that stands here and a right clock: `docker compose up -d baileys`",
        ),
        Err(error @ ServiceError::Refused { status: 503, .. }) => AREA.broken(
            SIGNED,
            error.to_string(),
            "let it reach Postgres (DATABASE_URL), and see `docker logs prosaas-baileys`",
        ),
        Err(error) => AREA.broken(SIGNED, error.to_string(), "see `docker logs prosaas-baileys`"),
    };
    vec![AREA.ok(HEALTH, "it answers"), signed]
}
