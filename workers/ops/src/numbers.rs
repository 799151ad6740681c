//! `prosaas-ops numbers`.

use anyhow::Result;
use prosaas_workers::rereading;

use super::Ops;

/// Lists what holds no number that can be dialled or called back.
pub async fn run(ops: &Ops, limit: usize) -> Result<()> {
    let unread = rereading::unread(&ops.database().await?, limit).await?;
    let head = ["kind", "business", "id", "text"];
    ops.out.rows(&head, &unread, |row| {
        let business = row.business_id.map(|id| id.to_string()).unwrap_or_default();
        vec![row.kind.as_str().to_owned(), business, row.id.clone(), row.text.clone()]
    })
}
