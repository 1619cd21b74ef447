//! Holds every path in `src/` to ARCHITECTURE.md's table. Sources are read as Rust tokens, so that comments and strings
//! neither hide nor fake a use, and uses inside macros count.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const BROWSER: [&str; 6] = [
    "wasm_bindgen",
    "web_sys",
    "js_sys",
    "serde_wasm_bindgen",
    "console_error_panic_hook",
    "wasm_bindgen_futures",
];

type Table = BTreeMap<String, BTreeSet<String>>;

/// Layer and what it may use, from the table whose header names a folder.
fn table(markdown: &str) -> Table {
    let rows = markdown.lines().skip_while(|line| !line.starts_with("| layer |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let uses = cells[2].split(',').map(|name| name.trim().to_owned());
            (cells[0].to_owned(), uses.filter(|name| name != "nothing of ours").collect())
        })
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut list = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            list.push(path);
        }
    }
    list.sort();
    list
}

/// What one file names: layers of ours, browser crates, and ways around this test.
#[derive(Debug, Default, PartialEq)]
struct Uses {
    layers: BTreeSet<String>,
    browser: BTreeSet<String>,
    tricks: Vec<String>,
}

/// Reads a file whose module path within the crate is `module`, as in `["sim", "array", "closed"]`.
fn uses(text: &str, module: &[&str]) -> Uses {
    let tokens = TokenStream::from_str(text).expect("sources are Rust");
    let mut found = Uses::default();
    let module: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
    scan(tokens, &module, &mut found);
    found
}

fn scan(tokens: TokenStream, module: &[String], found: &mut Uses) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => scan(group.stream(), module, found),
            TokenTree::Ident(word) => {
                let word = word.to_string();
                let continues = at > 0 && is_path_separator(&tokens, at.wrapping_sub(2));
                if BROWSER.contains(&word.as_str()) {
                    found.browser.insert(word.clone());
                }
                // An inline module is a step further down for `super`.
                if word == "mod"
                    && let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(at + 1), tokens.get(at + 2))
                    && body.delimiter() == Delimiter::Brace
                {
                    let inner = [module, &[name.to_string()]].concat();
                    scan(body.stream(), &inner, found);
                    at += 3;
                    continue;
                }
                if !continues && ["crate", "super", "self", "systole"].contains(&word.as_str()) {
                    path(&tokens, at, module, found);
                }
                if word == "include" {
                    found.tricks.push("include!".into());
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// Follows a path from its first word down to the layer that it names.
fn path(tokens: &[TokenTree], mut at: usize, module: &[String], found: &mut Uses) {
    let mut place = match tokens[at].to_string().as_str() {
        "crate" | "systole" => Vec::new(),
        "super" => module[..module.len().saturating_sub(1)].to_vec(),
        _ => module.to_vec(),
    };
    let from_root = matches!(tokens[at].to_string().as_str(), "crate" | "systole");
    loop {
        if !is_path_separator(tokens, at + 1) {
            // `crate` or `super` alone at the root: renamed, it would hide what follows.
            let renamed = matches!(tokens.get(at + 1), Some(TokenTree::Ident(word)) if *word == "as");
            if place.is_empty() && renamed {
                found.tricks.push("the crate renamed".into());
            }
            return layer(&place, found);
        }
        match tokens.get(at + 3) {
            Some(TokenTree::Ident(word)) if *word == "super" => {
                place.pop();
            }
            Some(TokenTree::Ident(word)) => {
                place.push(word.to_string());
                return layer(&place, found);
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                return group_of(group.stream(), &place, found);
            }
            Some(TokenTree::Punct(p)) if p.as_char() == '*' => {
                if place.is_empty() {
                    found.tricks.push(if from_root {
                        "crate::*".into()
                    } else {
                        "super::* of the crate".into()
                    });
                }
                return layer(&place, found);
            }
            _ => return layer(&place, found),
        }
        at += 3;
    }
}

/// `{a::B, c}` behind `place::`: each item begins with a word or with `self` or `super`.
fn group_of(tokens: TokenStream, place: &[String], found: &mut Uses) {
    let mut first = true;
    for token in tokens {
        match &token {
            TokenTree::Ident(word) if first => {
                match word.to_string().as_str() {
                    "self" if place.is_empty() => found.tricks.push("the crate renamed".into()),
                    "self" => layer(place, found),
                    "super" => found.tricks.push("super in braces".into()),
                    word => layer(&[place, &[word.to_owned()]].concat(), found),
                }
                first = false;
            }
            TokenTree::Group(group) if first => group_of(group.stream(), place, found),
            TokenTree::Punct(p) if p.as_char() == ',' => first = true,
            _ => first = false,
        }
    }
}

fn layer(place: &[String], found: &mut Uses) {
    if let Some(first) = place.first() {
        found.layers.insert(first.clone());
    }
}

#[test]
fn every_path_is_allowed() {
    let table = table(&fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap());
    assert!(table.len() > 10, "the table was found: {table:?}");
    let src = Path::new(ROOT).join("src");
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).unwrap().with_extension("");
        let mut module: Vec<&str> = relative.iter().map(|part| part.to_str().unwrap()).collect();
        if module.last() == Some(&"mod") {
            module.pop();
        }
        let shown = relative.display();
        let used = uses(&fs::read_to_string(&file).unwrap(), &module);
        broken.extend(used.tricks.iter().map(|trick| format!("{shown}: {trick}")));
        let layer = module[0];
        if layer != "web" {
            broken.extend(used.browser.iter().map(|name| format!("{shown}: only `web` names `{name}`")));
        }
        if layer == "lib" {
            continue;
        }
        seen.insert(layer.to_owned());
        let Some(allowed) = table.get(layer) else {
            broken.push(format!("{shown}: `{layer}` is not in the table"));
            continue;
        };
        for name in used.layers.iter().filter(|name| *name != layer && !allowed.contains(*name)) {
            broken.push(format!("{shown}: `{layer}` may not use `{name}`"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(seen, table.keys().cloned().collect(), "every layer of the table has a folder");
}

#[test]
fn the_table_has_no_circles() {
    let table = table(&fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap());
    let mut done: BTreeSet<&String> = BTreeSet::new();
    while done.len() < table.len() {
        let ready: Vec<&String> = table
            .iter()
            .filter(|(name, uses)| !done.contains(name) && uses.iter().all(|used| done.contains(used)))
            .map(|(name, _)| name)
            .collect();
        assert!(!ready.is_empty(), "a circle, or a name that is no layer, among what is left of {table:?}");
        done.extend(ready);
    }
}

/// The reader itself: what counts, what does not.
#[test]
fn paths_are_found_wherever_they_stand() {
    // A layer may always use itself.
    let layers = |text: &str, module: &[&str]| {
        uses(text, module).layers.into_iter().filter(|layer| layer != module[0]).collect::<Vec<_>>()
    };
    assert_eq!(layers("use crate::{sim::{self, Run}, num};", &["draw"]), ["num", "sim"]);
    assert_eq!(layers("use {crate::sim::Run, std::fmt};", &["draw"]), ["sim"]);
    assert_eq!(layers("fn f() { let x = crate :: graph :: Graph::default(); }", &["draw"]), ["graph"]);
    assert_eq!(layers("use super::super::sim::Run;", &["draw", "array"]), ["sim"]);
    assert_eq!(
        layers(
            "mod tests { use super::super::Layout; use super::super::super::sim::Run; }",
            &["draw", "array"]
        ),
        ["sim"]
    );
    assert_eq!(layers("fn f() { println!(\"{}\", crate::web::NAME); }", &["draw"]), ["web"]);
    assert_eq!(
        layers("// crate::sim::Run\n/// [`crate::sim`]\nconst A: &str = \"crate::sim::Run\";", &["draw"]),
        [""; 0]
    );
    assert_eq!(layers("use systole::job;", &["bin", "systole"]), ["job"]);
    assert_eq!(
        layers("use std::crate_like; struct S { sim: u8 } fn g(s: S) -> u8 { s.sim }", &["draw"]),
        [""; 0]
    );
    assert!(uses("fn f() { web_sys::window(); }", &["draw"]).browser.contains("web_sys"));
    assert_eq!(uses("use crate as c;", &["draw"]).tricks, ["the crate renamed"]);
    assert_eq!(uses("use super::*;", &["draw"]).tricks, ["super::* of the crate"]);
    assert_eq!(uses("use crate::{self as root};", &["draw"]).tricks, ["the crate renamed"]);
}
