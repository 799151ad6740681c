//! The sound of recordings: ranges, isolation, and pieces instead of the whole.

use anyhow::Result;
use futures_util::StreamExt as _;
use http::{Method, StatusCode, header};
use prosaas_domain::rights::Role;

use crate::support::{FOREIGN, OWN, World, problem};

/// Larger than anything that may lie in memory at once.
const SIZE: usize = 12_000_000;

fn sound() -> Vec<u8> {
    (0..SIZE).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

async fn seeded() -> Result<World> {
    let world = World::new().await?;
    world.businesses().await?;
    std::fs::write(world.scratch.path().join("recordings/RE1.mp3"), sound())?;
    world
        .sql(format!(
            "INSERT INTO prosaas.recordings
                (recording_sid, call_sid, business_id, state, object_key, bytes, content_type, sha256, stored_at, created_at, updated_at)
             SELECT sid, 'CA1', business::uuid, 'completed', key, {SIZE}, 'audio/mpeg', sha256('x'), now(), now(), now()
             FROM (VALUES ('RE1', '{OWN}', 'RE1.mp3'), ('REgone', '{OWN}', 'REgone.mp3'), ('REtheirs', '{FOREIGN}', 'RE1.mp3'))
                 AS v (sid, business, key);
             INSERT INTO prosaas.recordings (recording_sid, call_sid, business_id, state, created_at, updated_at)
             VALUES ('REsoon', 'CA1', '{OWN}', 'processing', now(), now()), ('REnone', 'CA1', '{OWN}', 'absent', now(), now());"
        ))
        .await?;
    Ok(world)
}

#[tokio::test]
async fn ranges_are_answered_as_players_ask() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let (path, sound) = ("/api/recordings/RE1/audio", sound());
    let whole = world.get(&agent, path).await?;
    assert_eq!(whole.status, 200);
    assert!(whole.body == sound, "every byte of it");
    assert_eq!(whole.header(header::ACCEPT_RANGES), "bytes");
    assert_eq!(whole.header(header::CONTENT_TYPE), "audio/mpeg");
    assert_eq!(whole.header(header::CONTENT_LENGTH), SIZE.to_string());
    assert_eq!(whole.header(header::CONTENT_DISPOSITION), "inline; filename=\"RE1.mp3\"");
    assert_eq!(whole.header(header::CACHE_CONTROL), "no-store");
    let etag = whole.header(header::ETAG).to_owned();
    let get = async |range: &str, more: &[(&str, &str)]| {
        let headers = [&[("range", range)], more].concat();
        world.send(&agent, Method::GET, path, &headers, None).await
    };
    for (range, start, end) in [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=11999999-12000005", SIZE - 1, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
    ] {
        let part = get(range, &[("if-range", &etag)]).await?;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert!(part.body == sound[start..end], "{range}");
        assert_eq!(part.header(header::CONTENT_RANGE), format!("bytes {start}-{}/{SIZE}", end - 1));
        assert_eq!(part.header(header::CONTENT_LENGTH), (end - start).to_string());
    }
    for range in ["bytes=12000000-", "bytes=-0"] {
        let none = get(range, &[]).await?;
        assert_eq!(problem(&none), (416, "/problems/no-such-range".to_owned()), "{range}");
        assert_eq!(none.header(header::CONTENT_RANGE), format!("bytes */{SIZE}"));
    }
    for (range, if_range) in
        [("bytes=0-1,5-6", etag.as_str()), ("lines=1-2", &etag), ("bytes=0-1", "\"old\"")]
    {
        assert_eq!(get(range, &[("if-range", if_range)]).await?.status, 200, "{range} {if_range}");
    }
    let head = world.send(&agent, Method::HEAD, path, &[("range", "bytes=0-1")], None).await?;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header(header::CONTENT_LENGTH), SIZE.to_string());
    assert_eq!(head.header(header::ETAG), etag);
    let kept = world.get(&agent, &format!("{path}?download=1")).await?;
    assert_eq!(kept.header(header::CONTENT_DISPOSITION), "attachment; filename=\"RE1.mp3\"");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn the_sound_comes_in_small_pieces() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let response = world.open(&agent, Method::GET, "/api/recordings/RE1/audio", &[], None).await?;
    let mut pieces = response.into_body().into_data_stream();
    let (mut total, mut largest) = (0, 0);
    while let Some(piece) = pieces.next().await {
        let length = piece?.len();
        (total, largest) = (total + length, largest.max(length));
    }
    assert_eq!(total, SIZE);
    assert!(largest <= 1 << 20, "a piece of {largest} bytes");
    world.passed();
    Ok(())
}

#[tokio::test]
async fn only_what_is_there_and_ones_own_can_be_heard() -> Result<()> {
    let world = seeded().await?;
    let agent = world.login(Some(OWN), Role::Agent).await?;
    let admin = world.login(None, Role::SystemAdmin).await?;
    for (sid, status) in
        [("REtheirs", 404), ("REunknown", 404), ("REnone", 404), ("REsoon", 409), ("REgone", 500)]
    {
        let path = format!("/api/recordings/{sid}/audio");
        assert_eq!(world.get(&agent, &path).await?.status.as_u16(), status, "{sid}");
    }
    let path = format!("/api/recordings/REtheirs/audio?business_id={FOREIGN}");
    assert_eq!(world.get(&admin, &path).await?.status, 200);
    assert_eq!(world.get(&agent, &path).await?.status, 404);
    world.passed();
    Ok(())
}
