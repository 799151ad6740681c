//! `whatsapp.pairing_code`: somebody whose only screen is the phone wants a code to type.

use prosaas_domain::{ids::BusinessId, rights::Right};
use prosaas_events::{
    crm::CommandArgs as _,
    whatsapp::{WhatsappPairingCodeV1, WhatsappState},
};

use super::session::{self, Effect};
use crate::crm::{
    command::{Applied, Apply, Scene},
    refusal::{Refusal, Stop},
};

impl Apply for WhatsappPairingCodeV1 {
    const RIGHT: Right = Right::LinkWhatsapp;

    fn business(&self) -> Option<BusinessId> {
        Some(self.business_id)
    }

    async fn apply(&self, scene: &mut Scene<'_>) -> Result<Applied, Stop> {
        let business = scene.business()?;
        let found = session::find_or_make(scene.connection, business, self.session_id).await?;
        if found.linked {
            let refusal = match found.state {
                WhatsappState::Unlinking => Refusal::conflict(
                    "/problems/whatsapp-unlinking",
                    "The earlier link is still being unlinked. Wait for it, or forget it now.",
                ),
                _ => Refusal::conflict(
                    "/problems/whatsapp-linked",
                    "WhatsApp is linked already. Unlink it first to link another phone.",
                ),
            };
            return Err(refusal.into());
        }
        let (state, phone) = (WhatsappState::Requesting, Some(self.phone.as_str()));
        session::want(scene, found, Effect::PairingCode, state, phone).await?;
        Ok(session::applied(business, found, Self::ACTION, Effect::PairingCode, state))
    }
}
