//! Every program and every command in the documentation is run.
#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Fenced blocks of a language.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(language) {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(body.join("\n") + "\n");
        }
    }
    found
}

fn documents() -> Vec<String> {
    let docs = fs::read_dir(Path::new(ROOT).join("www/docs")).unwrap().map(|entry| entry.unwrap().path());
    let all = docs.chain([Path::new(ROOT).join("README.md")]);
    all.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Runs `systole` beside the examples; standard output.
fn systole(arguments: &[&str], input: &str) -> String {
    systole_in("www/public/examples", arguments, input)
}

fn systole_in(folder: &str, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_systole"));
    command.args(arguments).current_dir(format!("{ROOT}/{folder}"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn programs_in_the_documentation_are_those_that_run() {
    let programs: Vec<String> = documents().iter().flat_map(|text| blocks(text, "systole")).collect();
    assert!(!programs.is_empty());
    for program in programs {
        assert_eq!(systole(&["check", "-"], &program), "");
        // What is too large has times alone, and what the machine does not run yet is named.
        let said = systole(&["run", "-"], &program);
        let known = ["equals the reference", "timed without values", "not simulated"];
        assert!(known.iter().any(|known| said.contains(known)), "{program}");
    }
}

/// Figures of the gallery run on their chips, in as many cycles as their titles say.
#[test]
fn figures_in_the_documentation_run_as_they_say() {
    let page = fs::read_to_string(format!("{ROOT}/www/docs/gallery.md")).unwrap();
    let mut lines = page.lines();
    let mut seen = 0;
    while let Some(line) = lines.next() {
        let Some(words) = line.strip_prefix("```figure ") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let (settings, title) = words.split_once("title=").unwrap();
        let mut arguments = vec!["run".to_owned()];
        let mut program = body.join("\n") + "\n";
        for word in settings.split_whitespace() {
            match word.split_once('=') {
                None => arguments.extend(["--chip".to_owned(), word.to_owned()]),
                Some(("cycle" | "level" | "controls" | "hide" | "show", _)) => {}
                Some(("example", name)) => {
                    program =
                        fs::read_to_string(format!("{ROOT}/www/public/examples/{name}.systole")).unwrap();
                    // As www/src/examples.ts has it.
                    let chip = "--chip classroom-8x8 --set dram_gb_per_s=100 --set dram_latency_ns=0";
                    arguments.extend(chip.split(' ').map(str::to_owned));
                }
                Some(_) => arguments.extend(["--set".to_owned(), word.to_owned()]),
            }
        }
        arguments.push("-".to_owned());
        let said = systole(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &program);
        assert!(said.contains("equals the reference"), "{words}: {said}");
        if let Some((before, _)) = title.split_once(" cycles") {
            let cycles = before.rsplit(' ').next().unwrap();
            assert!(said.contains(&format!(": {cycles} cycles,")), "{words}: {said}");
        }
        seen += 1;
    }
    assert_eq!(seen, 10);
}

/// On the chip that the page runs them on.
#[test]
fn assembly_in_the_documentation_runs() {
    let programs: Vec<String> = documents().iter().flat_map(|text| blocks(text, "asm")).collect();
    assert!(programs.len() > 1);
    for program in programs {
        let said = systole(&["asm", "-", "--chip", "classroom-4x4"], &program);
        assert!(said.contains(" = ["), "{said}");
    }
}

/// Where instructions and statements are defined they stand in tables: the page has the same ones.
#[test]
fn tables_of_assembly_are_those_of_its_source() {
    let page = fs::read_to_string(format!("{ROOT}/www/docs/isa.md")).unwrap();
    for source in ["src/isa/mod.rs", "src/isa/text/mod.rs"] {
        let source = fs::read_to_string(format!("{ROOT}/{source}")).unwrap();
        let rows: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("//! |")).collect();
        assert!(rows.len() > 5);
        for row in rows {
            assert!(page.contains(row), "{row}");
        }
    }
}

#[test]
fn commands_in_the_documentation_print_what_it_says() {
    let sessions: Vec<String> = documents().iter().flat_map(|text| blocks(text, "console")).collect();
    assert!(!sessions.is_empty());
    for session in sessions {
        let (command, expected) = session.split_once('\n').unwrap();
        let arguments: Vec<&str> = command.strip_prefix("$ systole ").unwrap().split(' ').collect();
        let printed = systole(&arguments, "");
        // A session may show the beginning only.
        match expected.strip_suffix("...\n") {
            Some(beginning) => assert!(printed.starts_with(beginning), "{command}: {printed}"),
            None => assert_eq!(printed, expected, "{command}"),
        }
    }
}

/// Between `<!-- systole ... -->` and `<!-- end -->` a page has what the command prints in the repository's folder.
/// `BLESS=1 cargo test --test docs` writes it anew; read the difference before you commit it.
#[test]
fn tables_in_the_documentation_are_those_that_the_command_prints() {
    const END: &str = "<!-- end -->";
    let bless = std::env::var_os("BLESS").is_some();
    let mut commands = 0;
    for entry in fs::read_dir(format!("{ROOT}/www/docs")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut parts = text.split("<!-- systole ");
        let mut made = parts.next().unwrap().to_owned();
        for part in parts {
            let (command, rest) = part.split_once(" -->").unwrap();
            let (_, behind) = rest.split_once(END).expect("every table has an end");
            let printed = systole_in("", &command.split(' ').collect::<Vec<_>>(), "");
            made += &format!("<!-- systole {command} -->\n\n{printed}\n{END}{behind}");
            commands += 1;
        }
        if bless {
            fs::write(&path, &made).unwrap();
        }
        assert!(bless || made == text, "{}: the commands print otherwise", path.display());
    }
    assert!(commands > 0);
}

#[test]
fn the_grammar_in_the_documentation_is_the_parsers() {
    let page = fs::read_to_string(format!("{ROOT}/www/docs/language.md")).unwrap();
    let source = fs::read_to_string(format!("{ROOT}/src/lang/mod.rs")).unwrap();
    let comments = source.lines().map_while(|line| line.strip_prefix("//!"));
    let comments: String =
        comments.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n").collect();
    assert_eq!(blocks(&page, "text")[0], blocks(&comments, "text")[0]);
}

#[test]
fn programs_are_in_the_one_style() {
    let mut programs: Vec<String> = documents().iter().flat_map(|text| blocks(text, "systole")).collect();
    let examples =
        fs::read_dir(format!("{ROOT}/www/public/examples")).unwrap().map(|entry| entry.unwrap().path());
    let examples = examples.filter(|path| path.extension().is_some_and(|ending| ending == "systole"));
    programs.extend(examples.map(|path| fs::read_to_string(path).unwrap()));
    assert!(programs.len() > 4);
    for program in programs {
        assert_eq!(systole(&["fmt", "-"], &program), program);
    }
}

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let example = fs::read_to_string(format!("{ROOT}/www/public/examples/digits.systole")).unwrap();
    assert_eq!(blocks(&readme, "systole")[0], example);
    let training = fs::read_to_string(format!("{ROOT}/tests/data/digits/README.md")).unwrap();
    assert!(training.contains("98.33% held out") && readme.contains("98.33 %"));
}
