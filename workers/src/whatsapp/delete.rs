//! `whatsapp.delete`: the session goes, with everything that the service keeps of it.

use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::{crm::CommandArgs as _, whatsapp::WhatsappDeleteV1};

use super::session::{self, Effect};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for WhatsappDeleteV1 {
    const RIGHT: Right = Right::LinkWhatsapp;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        session::unlink(scene, Self::ACTION, Effect::Delete).await
    }
}
