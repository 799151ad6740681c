//! Dead letters as the database keeps them: what identifies one, how people find it,
//! and what of it they may see.

pub mod filter;
pub mod fingerprint;
pub mod identity;
pub mod list;
pub mod mask;
pub mod read;
pub mod terms;
pub mod text;
