//! One trace runs from the HTTP request through JetStream to the worker.

use prosaas_tests::{
    collector::Collector,
    eventually::{SOON, eventually},
    stack::{Options, Stack},
    twilio::{CALLER, NUMBER, call_sid},
};

#[tokio::test]
async fn one_trace_spans_request_and_worker() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let options = Options { otlp_endpoint: Some(collector.endpoint()), ..Options::default() };
    let stack = Stack::start_with(options).await?;
    stack.twilio().incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
    // Other requests have traces of their own; spans leave in batches, every five seconds.
    let (request, worker) = eventually("a trace with both sides", SOON, || async {
        let spans = collector.spans();
        let workers = spans.iter().filter(|span| span.service == "prosaas-workers");
        let requests = spans.iter().filter(|span| span.service == "prosaas-ingress");
        workers
            .flat_map(|worker| requests.clone().map(move |request| (request, worker)))
            .find(|(request, worker)| request.trace_id == worker.trace_id && worker.name == "worker.handle")
            .map(|(request, worker)| (request.clone(), worker.clone()))
            .ok_or_else(|| anyhow::anyhow!("no trace of both among {} spans", spans.len()))
    })
    .await?;
    assert_eq!(request.name, "http.request");
    assert_eq!(worker.parent_id, request.span_id, "the worker goes on where the request ended");
    stack.passed();
    Ok(())
}
