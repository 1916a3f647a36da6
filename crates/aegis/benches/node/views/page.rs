//! How long the pages of a large node take: for a program that asks, and until a browser paints.

use std::path::Path;

use anyhow::Context as _;

use super::{
    super::{Row, Size, Table},
    browser,
    scene::{NODE, Scene},
};

/// What is opened, in this order.
const ROUTES: [&str; 5] = ["/", "/attacks", "/decisions", "/peers", "/feeds"];

/// Milliseconds to the first byte and to the last, and the length in KiB.
type Answer = [f64; 3];

pub(crate) async fn run(size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    let mut scene = Scene::new(size, program).await?;
    // Its peers stay known. Connections that they would make anew are not what is measured.
    scene.crowd = None;
    let mut answers = Vec::new();
    scene.restart().await?;
    let url = url(&scene).await?;
    for route in ROUTES {
        answers.push((ask(&scene, &url, route)?, ask(&scene, &url, route)?));
    }
    scene.restart().await?; // so that nothing is gathered yet
    let paints = paints(&scene, &url)?;
    let row = |((route, (first, again)), paint): ((&str, (Answer, Answer)), [f64; 2])| {
        let figures = [&first[..2], &again[..2], &paint, &again[2..]].concat();
        Row::new(route, figures)
    };
    let rows = ROUTES.into_iter().zip(answers).zip(paints).map(row);
    Ok(vec![Table {
        title: format!(
            "the page of a node with {} blocks and {} known peers",
            size.watched_blocks, size.known_peers
        ),
        columns: &[
            "first time: first byte ms",
            "whole ms",
            "again: first byte ms",
            "whole ms",
            "first paint ms",
            "again ms",
            "KiB",
        ],
        rows: rows.collect(),
    }])
}

/// Returns where the page is.
async fn url(scene: &Scene) -> anyhow::Result<String> {
    let status = scene.node()?.client.status().await?;
    let url = status.page.context("the node serves no page")?;
    Ok(url.trim_end_matches('/').to_owned())
}

/// Asks for a page on the node's own host.
fn ask(scene: &Scene, url: &str, route: &str) -> anyhow::Result<Answer> {
    const FORMAT: &str = "%{time_starttransfer} %{time_total} %{size_download} %{http_code}";
    let mut command = scene.stage.host(NODE)?.command("curl");
    command.args(["--silent", "--output", "/dev/null", "--write-out", FORMAT]);
    let said = command.arg(format!("{url}{route}")).output();
    let said = said.context("run curl (Debian: curl)")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let figures: Vec<f64> = said.split(' ').filter_map(|it| it.parse().ok()).collect();
    let [first_byte, whole, bytes, 200.0] = figures[..] else {
        anyhow::bail!("{route}: {said}");
    };
    Ok([first_byte * 1e3, whole * 1e3, bytes / 1024.0])
}

/// Returns the first paint of each page and the one after it; nothing measured without a browser.
fn paints(scene: &Scene, url: &str) -> anyhow::Result<[[f64; 2]; ROUTES.len()]> {
    let shell = scene.stage.host(NODE)?.command("sh");
    let Some(mut browser) = browser::start_by(shell) else {
        return Ok([[f64::NAN; 2]; ROUTES.len()]);
    };
    Ok(ROUTES.map(|route| {
        let url = format!("{url}{route}");
        [browser.first_paint(&url), browser.first_paint(&url)]
    }))
}
