//! `whatsapp.init`: somebody wants WhatsApp linked, or back.

use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::{crm::CommandArgs as _, whatsapp::WhatsappInitV1};

use super::session::{self, Effect};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::Stop,
};

impl Apply for WhatsappInitV1 {
    const RIGHT: Right = Right::LinkWhatsapp;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let business = scene.business()?;
        let found = session::find_or_make(scene.connection, business, self.session_id).await?;
        let state = session::asked_for(found);
        session::want(scene, found, Effect::Start, state, None).await?;
        Ok(session::applied(business, found, Self::ACTION, Effect::Start, state))
    }
}
