//! Commands about calls.

use prosaas_domain::ids::CallSid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CommandArgs;

/// `pro.prosaas.crm.call_mark_called_back.v1`: somebody has called back whom the
/// business had missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallMarkCalledBackV1 {
    /// The missed call.
    pub call_sid: CallSid,
}

impl CommandArgs for CallMarkCalledBackV1 {
    const TYPE: &'static str = "pro.prosaas.crm.call_mark_called_back.v1";
    const ACTION: &'static str = "call.mark_called_back";

    /// The 32 hexadecimal digits behind Twilio's `CA` are a UUID; what test tools send
    /// in their place is hashed to one.
    fn entity(&self) -> Uuid {
        let sid = self.call_sid.as_str();
        let digits = sid.get(2..).filter(|digits| digits.len() == 32);
        digits
            .and_then(|digits| Uuid::try_parse(digits).ok())
            .unwrap_or_else(|| Uuid::new_v5(&Uuid::NAMESPACE_OID, sid.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sid_names_its_operation() -> anyhow::Result<()> {
        let entity =
            |sid: &str| anyhow::Ok(CallMarkCalledBackV1 { call_sid: sid.parse()? }.entity().to_string());
        let real = entity("CA0123456789abcdef0123456789abcdef")?;
        assert_eq!(real, "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(entity("TEST123")?, entity("TEST123")?);
        assert_ne!(entity("TEST123")?, entity("TEST124")?);
        Ok(())
    }
}
