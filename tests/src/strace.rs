//! Reading what strace wrote, to see what a killed process cannot show: that every
//! acknowledgement follows the fsync of its event.
//!
//! The order of lines is the order in which strace saw the system calls begin and
//! end, over all threads: a call on one line began and ended with nothing between.

use std::collections::HashMap;

use anyhow::Context as _;

/// Arguments for strace that make the trace this module reads.
pub fn arguments(output: &std::path::Path) -> Vec<String> {
    const CALLS: &str = "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,\
                         fsync,fdatasync,accept4,close";
    let output = output.display().to_string();
    ["-f", "-ttt", "-y", "-s", "8192", "-e", CALLS, "-o", &output].map(str::to_owned).to_vec()
}

/// A system call, with the lines on which it began and ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    name: String,
    /// Everything between the parentheses.
    arguments: String,
    /// What it returned; nothing for one that never ended.
    result: Option<i64>,
    begin: usize,
    end: usize,
}

impl Call {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// The first argument's number.
    fn descriptor(&self) -> Option<i32> {
        let digits = self.arguments.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }

    /// The first argument's file, as `-y` shows it.
    fn file(&self) -> Option<&str> {
        let first = self.arguments.split_once('<')?.1;
        first.split_once('>').map(|(file, _)| file)
    }

    fn on_wal(&self) -> bool {
        self.file().is_some_and(|file| file.ends_with("-wal"))
    }

    fn succeeded(&self) -> bool {
        self.result.is_some_and(|result| result >= 0)
    }
}

/// What a trace shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Acknowledged requests that were checked.
    pub acknowledged: usize,
    /// Syncs of the log.
    pub syncs: usize,
}

/// Fails unless, for each of these CallSids, in this order: its request was read,
/// its event was written to the log, a sync of the log began and succeeded, and
/// only then its answer began to be written.
pub fn acknowledged_after_sync(trace: &str, call_sids: &[String]) -> anyhow::Result<Proof> {
    let calls = parse(trace);
    let syncs: Vec<&Call> = calls
        .iter()
        .filter(|call| call.is(&["fsync", "fdatasync"]) && call.on_wal() && call.result == Some(0))
        .collect();
    let writes: Vec<&Call> = calls
        .iter()
        .filter(|call| {
            call.is(&["write", "writev", "pwrite64", "pwritev"]) && call.on_wal() && call.succeeded()
        })
        .collect();
    for call_sid in call_sids {
        // The event itself, as strace quotes it; its id alone stands in index pages too.
        let event = format!(r#"\"call_sid\":\"{call_sid}\""#);
        let (read, answer) =
            request_and_answer(&calls, call_sid).with_context(|| format!("{call_sid}: not in the trace"))?;
        let written = writes
            .iter()
            .filter(|write| write.begin > read.end && write.arguments.contains(&event))
            .map(|write| write.end)
            .min()
            .with_context(|| format!("{call_sid}: its event was never written to the log"))?;
        let synced = syncs
            .iter()
            .filter(|sync| sync.begin > written)
            .map(|sync| sync.end)
            .min()
            .with_context(|| format!("{call_sid}: no sync of the log follows its event"))?;
        anyhow::ensure!(
            synced < answer.begin,
            "{call_sid}: answered on line {} of the trace, before the sync of its event ended on line {}",
            answer.begin + 1,
            synced + 1,
        );
    }
    Ok(Proof { acknowledged: call_sids.len(), syncs: syncs.len() })
}

/// The read that brought the request, and the write on the same socket that answered it.
fn request_and_answer<'a>(calls: &'a [Call], call_sid: &str) -> Option<(&'a Call, &'a Call)> {
    // The request line may come in a read of its own: the server looks for HTTP/2 first.
    let body = format!("CallSid={call_sid}&");
    let read = calls
        .iter()
        .find(|call| call.is(&["read", "readv", "recvfrom", "recvmsg"]) && call.arguments.contains(&body))?;
    let socket = read.descriptor()?;
    let answer = calls.iter().find(|call| {
        call.begin > read.end
            && call.descriptor() == Some(socket)
            && call.is(&["write", "writev", "sendto", "sendmsg"])
            && call.arguments.contains("HTTP/1.1 200")
    })?;
    // The descriptor must not have gone to another connection in between.
    let closed = calls.iter().any(|call| {
        call.is(&["close"])
            && call.descriptor() == Some(socket)
            && call.begin > read.end
            && call.end < answer.begin
    });
    (!closed).then_some((read, answer))
}

fn parse(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut unfinished: HashMap<&str, (usize, String)> = HashMap::new();
    for (number, line) in trace.lines().enumerate() {
        // `<thread> <time> <call>`
        let Some((thread, rest)) = line.trim_start().split_once(' ') else { continue };
        let Some((_, text)) = rest.trim_start().split_once(' ') else { continue };
        if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (number, begun.to_owned()));
        } else if let Some(rest) = text.strip_prefix("<... ") {
            let Some((_, ending)) = rest.split_once(" resumed>") else { continue };
            let Some((begin, begun)) = unfinished.remove(thread) else { continue };
            calls.extend(call(&format!("{begun}{ending}"), begin, number));
        } else {
            calls.extend(call(text, number, number));
        }
    }
    calls.sort_by_key(|call| call.begin);
    calls
}

fn call(text: &str, begin: usize, end: usize) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ").or_else(|| {
        // strace pads short lines: `close(3)      = 0`.
        let (arguments, result) = rest.rsplit_once('=')?;
        Some((arguments.trim_end().strip_suffix(')')?, result.trim_start()))
    })?;
    let result = result.split_whitespace().next()?.split('<').next()?.parse().ok();
    Some(Call { name: name.to_owned(), arguments: arguments.to_owned(), result, begin, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAL: &str = "12</tmp/x/slot-0/log.db-wal>";

    fn sound() -> Vec<String> {
        [
            r"100 1.000001 accept4(8<socket:[1]>, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 20<socket:[2]>"
                .to_owned(),
            r#"100 1.000002 recvfrom(20<socket:[2]>, "POST /webhook/incoming_call HTTP/1.1\r\n\r\nCallSid=CA1&x=y", 8192, 0, NULL, NULL) = 60"#
                .to_owned(),
            r"100 1.000003 recvfrom(20<socket:[2]>, 0x7f, 8192, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)"
                .to_owned(),
            format!(r#"101 1.000004 pwrite64({WAL}, "\0\1{{\"call_sid\":\"CA1\"}}", 4096, 56) = 4096"#),
            format!("101 1.000005 fdatasync({WAL} <unfinished ...>"),
            r#"100 1.000006 recvfrom(21<socket:[3]>, "POST /webhook/incoming_call HTTP/1.1\r\n\r\nCallSid=CA2&x=y", 8192, 0, NULL, NULL) = 55"#
                .to_owned(),
            "101 1.000007 <... fdatasync resumed>) = 0".to_owned(),
            r#"100 1.000008 sendto(20<socket:[2]>, "HTTP/1.1 200 OK\r\n\r\n<?xml", 300, MSG_NOSIGNAL, NULL, 0) = 300"#
                .to_owned(),
            "100 1.000009 close(20<socket:[2]>)      = 0".to_owned(),
        ]
        .to_vec()
    }

    fn check(lines: &[String], call: &str) -> Result<Proof, String> {
        acknowledged_after_sync(&lines.join("\n"), &[call.to_owned()]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_sound_trace_passes() {
        assert_eq!(check(&sound(), "CA1"), Ok(Proof { acknowledged: 1, syncs: 1 }));
    }

    #[test]
    fn an_answer_before_the_end_of_the_sync_is_found() {
        let mut lines = sound();
        lines.swap(6, 7);
        assert!(check(&lines, "CA1").is_err_and(|error| error.contains("before the sync")), "sync too late");
    }

    #[test]
    fn a_sync_that_began_before_the_event_was_written_does_not_count() {
        let mut lines = sound();
        lines.swap(3, 4);
        assert!(check(&lines, "CA1").is_err_and(|error| error.contains("no sync")), "sync too early");
    }

    #[test]
    fn a_missing_write_a_failed_sync_and_another_file_are_found() {
        for (line, from, to) in
            [(3, "CA1", "CA9"), (6, "= 0", "= -1 EIO (Input/output error)"), (4, "log.db-wal", "log.db-shm")]
        {
            let mut lines = sound();
            lines[line] = lines[line].replace(from, to);
            assert!(check(&lines, "CA1").is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn a_request_without_an_answer_is_found() {
        assert!(check(&sound(), "CA2").is_err_and(|error| error.contains("not in the trace")));
    }

    #[test]
    fn an_answer_on_a_descriptor_that_was_given_away_does_not_count() {
        let mut lines = sound();
        let close = lines.remove(8);
        lines.insert(3, close);
        assert!(check(&lines, "CA1").is_err());
    }
}
