//! What mails say, in Hebrew and in English: nobody knows yet what the reader reads.

/// A mail with one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// Somebody is asked to join.
    Invitation {
        /// The business; none for a system admin.
        business: Option<String>,
        /// Who invites.
        inviter: String,
    },
    /// Somebody forgot their password.
    PasswordReset,
}

impl Mail {
    /// Its name in logs and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }

    /// The page of the web app that its link opens.
    pub const fn page(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "/invitation",
            Self::PasswordReset => "/reset-password",
        }
    }

    /// The subject line.
    pub fn subject(&self) -> String {
        match self {
            Self::Invitation { business, .. } => {
                let business = one_line(business.as_deref().unwrap_or("ProSaaS"));
                format!("הזמנה להצטרף אל {business} | Invitation to join {business}")
            }
            Self::PasswordReset => "איפוס סיסמה | Reset your password".to_owned(),
        }
    }

    /// The text around the link.
    pub fn body(&self, link: &str) -> String {
        match self {
            Self::Invitation { business, inviter } => {
                let business = one_line(business.as_deref().unwrap_or("ProSaaS"));
                let inviter = one_line(inviter);
                format!(
                    "שלום,\n\n{inviter} מזמין/ה אותך להצטרף אל {business} במערכת ProSaaS.\n\
                     לבחירת סיסמה ולהצטרפות:\n\n{link}\n\nהקישור תקף לשבעה ימים ולשימוש אחד.\n\
                     אם ההזמנה אינה מיועדת אליך, אפשר להתעלם מהודעה זו.\n\n\
                     ----\n\nHello,\n\n{inviter} invites you to join {business} on ProSaaS.\n\
                     Open the link above to choose a password. It works once, for seven days.\n\
                     If this was not meant for you, ignore this message.\n"
                )
            }
            Self::PasswordReset => format!(
                "שלום,\n\nהתקבלה בקשה לאיפוס הסיסמה שלך ב-ProSaaS. לבחירת סיסמה חדשה:\n\n{link}\n\n\
                 הקישור תקף לשעה ולשימוש אחד. אם לא ביקשת זאת, אפשר להתעלם מהודעה זו: הסיסמה לא השתנתה.\n\n\
                 ----\n\nHello,\n\nsomebody asked to reset your password on ProSaaS. Open the link above to \
                 choose a new one. It works once, for an hour.\nIf it was not you, ignore this message: your \
                 password has not changed.\n"
            ),
        }
    }
}

/// Names come from people: they must not begin a line, or a link, of their own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '/' | ':') { ' ' } else { c }).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_bring_a_link_or_a_header() {
        let mail = Mail::Invitation {
            business: Some("Shop\r\nBcc: x@y.example".to_owned()),
            inviter: "https://evil.example".to_owned(),
        };
        assert!(!mail.subject().contains(['\r', '\n']));
        let body = mail.body("https://ours.example/invitation#t");
        assert_eq!(body.matches("://").count(), 1);
        assert!(body.contains("https://ours.example/invitation#t"));
    }
}
