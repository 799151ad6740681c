//! Every filter of dead letters, and what it leaves.

use anyhow::{Context as _, Result};
use prosaas_workers::{dead_letters::file::file, live::Live};
use serde_json::Value;

use super::Cli;
use crate::dead_letters::{event, verdict};

const BUSINESS: &str = "00000000-0000-0000-0000-000000000007";

#[tokio::test]
async fn dead_letters_are_found_by_each_filter() -> Result<()> {
    let cli = Cli::empty().await?;
    for n in 0..4_u64 {
        let mut event: Value = serde_json::from_slice(&event(&format!("e{n}"), &format!("CA{n}")))?;
        if n == 1 {
            event["businessid"] = BUSINESS.into();
            event["type"] = "pro.prosaas.call.incoming.v1".into();
        }
        if n == 2 {
            event["data"]["from"] = "dana@shop.example".into();
        }
        let mut report = verdict(n, event.to_string().as_bytes());
        report.died_at += chrono::TimeDelta::days(i64::try_from(n)?);
        if n == 3 {
            report.consumer = "crm".to_owned();
            report.error_chain = vec!["the disk is full".to_owned()];
        }
        file(&cli.database.pool, &Live::silent(), &report).await?;
    }
    let discard = ["dead", "discard", "--entity", "CA0", "--reason", "a test call", "--yes"];
    assert_eq!(cli.run(&discard).await?.code, 0);
    let found = async |more: &[&str]| -> Result<String> {
        let items = cli.run(&[&["--json", "dead", "list"][..], more].concat()).await?.json()?;
        let entities = items.as_array().into_iter().flatten().filter_map(|item| item["entity"].as_str());
        Ok(entities.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(found(&[]).await?, "CA3 CA2 CA1 CA0", "the latest first");
    assert_eq!(found(&["--limit", "2"]).await?, "CA3 CA2");
    assert_eq!(found(&["--worker", "crm"]).await?, "CA3");
    assert_eq!(found(&["--type", "pro.prosaas.call.incoming.v1"]).await?, "CA1");
    assert_eq!(found(&["--type", "pro.prosaas.call."]).await?, "CA3 CA2 CA1 CA0");
    assert_eq!(found(&["--type", "pro.prosaas.call"]).await?, "", "whole, or up to a dot");
    assert_eq!(found(&["--business", BUSINESS]).await?, "CA1");
    assert_eq!(found(&["--entity", "CA2"]).await?, "CA2");
    assert_eq!(found(&["--entity", "Dana@Shop.example"]).await?, "CA2", "an address however spelled");
    assert_eq!(found(&["--entity", "054-1234567"]).await?, "CA3 CA1 CA0", "a number however spelled");
    assert_eq!(found(&["--state", "discarded"]).await?, "CA0");
    // The twenty thousandth day, and those after it.
    assert_eq!(found(&["--from", "2024-10-05", "--to", "2024-10-07"]).await?, "CA2 CA1");
    let stats = cli.run(&["--json", "dead", "stats", "--worker", "crm"]).await?.json()?;
    let fingerprint = stats[0]["fingerprint"].as_str().context("a group")?;
    assert_eq!(found(&["--fingerprint", fingerprint]).await?, "CA3");
    assert_eq!(found(&["--worker", "calls", "--state", "new", "--business", BUSINESS]).await?, "CA1");
    assert_eq!(cli.run(&["dead", "list", "--state", "lost"]).await?.code, 2);
    assert_eq!(cli.run(&["dead", "list", "--business", "shop"]).await?.code, 2);
    assert_eq!(cli.run(&["dead", "list", "--limit", "0"]).await?.code, 2);
    Ok(())
}
