//! The two tables of `docs/PERMISSIONS.md`.

use std::collections::{BTreeMap, BTreeSet};

use prosaas_domain::rights::Role;

const PAGE: &str = include_str!("../../../../docs/PERMISSIONS.md");

/// What a route needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// That somebody is logged in.
    Login,
    /// Something of a row.
    Right { row: String, what: String },
}

/// A route and its row.
#[derive(Debug, Clone)]
pub struct Route {
    pub method: String,
    pub path: String,
    pub needs: Needs,
}

/// Who may do what.
#[derive(Debug)]
pub struct Table {
    rights: BTreeMap<(String, Role), BTreeSet<String>>,
    pub routes: Vec<Route>,
}

impl Table {
    /// Reads the page.
    pub fn read() -> Self {
        let mut rights = BTreeMap::new();
        for row in rows("## The rights") {
            let (name, cells) = row.split_first().unwrap();
            let mut before = BTreeSet::new();
            for (role, cell) in Role::ALL.into_iter().zip(cells) {
                before = meaning(name, cell, &before);
                rights.insert((name.clone(), role), before.clone());
            }
        }
        let routes = rows("## The routes").into_iter().map(|row| route(&row)).collect();
        Self { rights, routes }
    }

    /// Whether a role may ask this route about its own business.
    pub fn allows(&self, route: &Route, role: Role) -> bool {
        match &route.needs {
            Needs::Nothing | Needs::Login => true,
            Needs::Right { row, what } => {
                let all = all_of(row);
                assert!(
                    all.contains(&what.as_str()),
                    "{}: nothing of {row:?} is called {what:?}",
                    route.path
                );
                self.rights[&(row.clone(), role)].contains(what)
            }
        }
    }
}

/// The cells of the table below a heading, without its head.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let (_, below) = PAGE.split_once(heading).unwrap();
    let table =
        below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = table.skip(2).map(cells).collect();
    assert!(!rows.is_empty(), "a table below {heading:?}");
    rows
}

fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn route(row: &[String]) -> Route {
    let (method, path) = row[0].split_once(' ').unwrap();
    let needs = match (row[1].as_str(), row[2].as_str()) {
        ("", "open") => Needs::Nothing,
        ("", "logged in") => Needs::Login,
        (row, what) => Needs::Right { row: row.to_owned(), what: what.to_owned() },
    };
    Route { method: method.to_owned(), path: path.to_owned(), needs }
}

/// All that a row of the design's table is about.
fn all_of(row: &str) -> &'static [&'static str] {
    match row {
        "leads, calls, recordings of the own business" => &["read", "write", "delete", "restore"],
        "WhatsApp linking" => &["state", "link"],
        "people of the business, settings" => &["read", "change"],
        "businesses, dead letters, workers, audit of all" => &["own audit", "everything"],
        _ => panic!("an unknown row: {row}"),
    }
}

/// What a cell of the design's table says.
fn meaning(row: &str, cell: &str, before: &BTreeSet<String>) -> BTreeSet<String> {
    let words: &[&str] = match cell {
        "-" => &[],
        "same" => return before.clone(),
        "yes" | "everyone" | "any business, named in the request" => all_of(row),
        "read, write, delete, restore" => &["read", "write", "delete", "restore"],
        "state only" => &["state"],
        "read" => &["read"],
        "lower ranks; settings" => &["read", "change"],
        "own business's audit" => &["own audit"],
        _ => panic!("{row}: an unknown cell: {cell}"),
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}
