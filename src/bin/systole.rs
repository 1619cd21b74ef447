//! The command line: exit code 0 when done, 1 when the input has errors, 2 on wrong usage.

#[cfg(not(target_arch = "wasm32"))]
mod commands {
    use std::fs::File;
    use std::io::{self, Read, Write};
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;

    use clap::{Parser, Subcommand, ValueEnum};
    use systole::base::{Diagnostic, Severity};
    use systole::chip::{Chip, WeightBuffering};
    use systole::graph::{LoadError, Loader};
    use systole::import::{check_path, npy};
    use systole::job::{self, Finished, Report};
    use systole::num::Array;
    use systole::sim::array::cases::{Case, Engine, replay};

    /// Compiles tensor programs for a systolic array and runs them cycle by cycle.
    #[derive(Parser)]
    #[command(name = "systole", version)]
    struct Arguments {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Compile a program, run it, report.
        Run {
            /// A .systole program, or `-` for standard input.
            file: PathBuf,
            /// Chip to run on: classroom-RxC.
            #[arg(long, default_value = "classroom-8x8")]
            chip: String,
            /// Change the chip: rows=R, cols=C, double_buffered=true or false. May be repeated.
            #[arg(long = "set", value_name = "KEY=VALUE")]
            settings: Vec<String>,
            /// How to report.
            #[arg(long, value_enum, default_value_t = Format::Text)]
            format: Format,
        },
        /// Check a program; print errors and warnings only.
        Check {
            /// A .systole program, or `-` for standard input.
            file: PathBuf,
        },
        /// Replay array cases; print their loads, starts, outputs and states.
        Array {
            /// A JSON list of cases, or `-` for standard input.
            file: PathBuf,
            /// By the closed form instead of the register stepper.
            #[arg(long)]
            closed_form: bool,
        },
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Format {
        Text,
        Json,
    }

    /// The input has errors; they have been printed.
    struct InputErrors;

    impl From<String> for InputErrors {
        fn from(message: String) -> Self {
            eprintln!("error: {message}");
            InputErrors
        }
    }

    pub fn main() -> ExitCode {
        let done = match Arguments::parse().command {
            Command::Run { file, chip, settings, format } => run(&file, &chip, &settings, format),
            Command::Check { file } => check(&file),
            Command::Array { file, closed_form } => {
                array(&file, if closed_form { Engine::ClosedForm } else { Engine::Stepper })
            }
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(InputErrors) => ExitCode::from(1),
        }
    }

    fn run(file: &Path, chip: &str, settings: &[String], format: Format) -> Result<(), InputErrors> {
        let chip = choose_chip(chip, settings)?;
        let program = Program::read(file)?;
        let finished = compile(&program, &chip)?.finish();
        let report = finished.report(&program.text);
        match format {
            Format::Json => print(&(to_json(&report)? + "\n")),
            Format::Text => print(&in_words(&finished, &report)),
        }
    }

    fn check(file: &Path) -> Result<(), InputErrors> {
        let chip = choose_chip("classroom-8x8", &[])?;
        compile(&Program::read(file)?, &chip).map(|_| ())
    }

    fn array(file: &Path, engine: Engine) -> Result<(), InputErrors> {
        const MOST_BYTES: u64 = 64 << 20;
        let text = text_of(read(file, MOST_BYTES)?, file)?;
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(&text).map_err(|e| format!("{}: no list of cases: {e}", file.display()))?;
        let mut wrong = 0;
        let mut replays = Vec::new();
        for (index, given) in cases.into_iter().enumerate() {
            replays.push(replay_case(&given, engine).unwrap_or_else(|message| {
                eprintln!("case {index}: {message}");
                wrong += 1;
                let mut named = given;
                if let Some(case) = named.as_object_mut() {
                    case.retain(|key, _| {
                        ["dataflow", "double_buffered", "rows", "cols", "rate", "passes"]
                            .contains(&key.as_str())
                    });
                    case.insert("error".into(), message.into());
                }
                named
            }));
        }
        print(&(serde_json::to_string(&replays).map_err(|e| e.to_string())? + "\n"))?;
        if wrong > 0 { Err(InputErrors) } else { Ok(()) }
    }

    fn replay_case(given: &serde_json::Value, engine: Engine) -> Result<serde_json::Value, String> {
        let case: Case = serde_path_to_error::deserialize(given).map_err(|e| {
            format!(
                "it is no case, at {}: {}; section 5 of the machine's contract has the format",
                e.path(),
                e.inner()
            )
        })?;
        serde_json::to_value(replay(case, engine)?).map_err(|e| e.to_string())
    }

    /// A program's text, and where its files lie.
    struct Program {
        name: String,
        text: String,
        files: Box<dyn Loader>,
    }

    impl Program {
        fn read(file: &Path) -> Result<Program, InputErrors> {
            let name = file.display().to_string();
            if file != Path::new("-")
                && !file.exists()
                && let Some(example) = Example::named(file)
            {
                eprintln!("note: there is no file {name}; this is the example of that name");
                return Ok(Program { name, text: example.text.to_owned(), files: Box::new(example) });
            }
            let text = text_of(read(file, systole::lang::MOST_TEXT_BYTES as u64)?, file)?;
            let beside = file.parent().unwrap_or(Path::new("")).to_owned();
            Ok(Program { name, text, files: Box::new(Directory(beside)) })
        }
    }

    /// Compiles, prints what is to be said, and stops if there are errors.
    fn compile(program: &Program, chip: &Chip) -> Result<job::Job, InputErrors> {
        let compiled = job::compile(&program.text, program.files.as_ref(), chip);
        let show = |d: &Diagnostic| eprint!("{}", d.render(&program.name, &program.text));
        compiled.diagnostics.iter().for_each(show);
        let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        compiled.job.ok_or_else(|| {
            eprintln!("{errors} {}", if errors == 1 { "error" } else { "errors" });
            InputErrors
        })
    }

    fn in_words(finished: &Finished, report: &Report) -> String {
        let mut out = format!(
            "{}: {} cycles from first load to last MAC, {} to the last event\n{} MACs, {:.1} % of the array's slots\n",
            report.chip.name,
            report.cycles_to_last_mac,
            report.cycles,
            report.macs,
            report.utilization * 100.0,
        );
        for op in &report.ops {
            out += &format!(
                "  {} (line {}): cycles {} to {}, {} MACs\n",
                op.name, op.line, op.start, op.end, op.macs
            );
        }
        for output in &report.outputs {
            let shown = match &output.values {
                Some(values) if values.len() <= 64 => format!("{values:?}"),
                _ => format!("checksum {}", output.checksum),
            };
            out += &format!("{} : {}{:?} = {shown}\n", output.name, output.dtype, output.shape);
        }
        out += &match &finished.disagreement {
            None => "equals the reference\n".to_owned(),
            Some(difference) => format!("DIFFERS from the reference: {difference}\n"),
        };
        out
    }

    fn choose_chip(name: &str, settings: &[String]) -> Result<Chip, InputErrors> {
        let size = name.strip_prefix("classroom-").and_then(|size| size.split_once('x'));
        let parsed = size.and_then(|(rows, cols)| Some((rows.parse().ok()?, cols.parse().ok()?)));
        let Some((mut rows, mut cols)) = parsed else {
            return Err(
                format!("there is no chip `{name}`; there is classroom-RxC, as in classroom-8x8").into()
            );
        };
        let mut weights = WeightBuffering::Double;
        for setting in settings {
            match setting.split_once('=') {
                Some(("rows", value)) => rows = side(setting, value)?,
                Some(("cols", value)) => cols = side(setting, value)?,
                Some(("double_buffered", "true")) => weights = WeightBuffering::Double,
                Some(("double_buffered", "false")) => weights = WeightBuffering::Single,
                _ => {
                    let known = "rows=R, cols=C, double_buffered=true or double_buffered=false";
                    return Err(format!("`--set {setting}` is none of {known}").into());
                }
            }
        }
        let chip = Chip::classroom(rows, cols).map_err(|e| format!("{}; {}", e.message, e.hint))?;
        Ok(Chip { weights, ..chip })
    }

    fn side(setting: &str, value: &str) -> Result<usize, String> {
        value.parse().map_err(|_| format!("`--set {setting}`: `{value}` is no whole number"))
    }

    /// The directory beside a program.
    struct Directory(PathBuf);

    impl Loader for Directory {
        fn load(&self, path: &str) -> Result<Array, LoadError> {
            check_path(path)?;
            let bad = |message: String, hint: &str| LoadError { message, hint: hint.to_owned() };
            let bytes = read(&self.0.join(path), npy::MOST_BYTES as u64)
                .map_err(|e| bad(e, "paths are relative to the program's folder"))?;
            npy::parse(&bytes).map_err(|e| bad(format!("`{path}` cannot be read: {}", e.message), e.hint))
        }
    }

    /// A program that comes with the crate.
    struct Example {
        name: &'static str,
        text: &'static str,
        files: &'static [(&'static str, &'static [u8])],
    }

    macro_rules! bundled {
        ($path:literal) => {
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/", $path))
        };
    }

    const EXAMPLES: [Example; 2] = [
        Example {
            name: "product.systole",
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/product.systole")),
            files: &[],
        },
        Example {
            name: "digits.systole",
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/digits.systole")),
            files: &[
                ("digits/x.npy", bundled!("digits/x.npy")),
                ("digits/w1.npy", bundled!("digits/w1.npy")),
                ("digits/b1.npy", bundled!("digits/b1.npy")),
                ("digits/w2.npy", bundled!("digits/w2.npy")),
                ("digits/b2.npy", bundled!("digits/b2.npy")),
            ],
        },
    ];

    impl Example {
        fn named(file: &Path) -> Option<Example> {
            EXAMPLES.into_iter().find(|example| file == Path::new(example.name))
        }
    }

    impl Loader for Example {
        fn load(&self, path: &str) -> Result<Array, LoadError> {
            let found = self.files.iter().find(|(name, _)| *name == path);
            let missing = || LoadError { message: format!("there is no file `{path}`"), hint: String::new() };
            let (_, bytes) = found.ok_or_else(missing)?;
            npy::parse(bytes).map_err(|e| LoadError { message: e.message, hint: e.hint.to_owned() })
        }
    }

    /// A file or standard input, refused before it is read when it is longer than `most` bytes.
    fn read(file: &Path, most: u64) -> Result<Vec<u8>, String> {
        let name = file.display();
        let source: Box<dyn Read> = match file {
            file if file == Path::new("-") => Box::new(io::stdin()),
            file => Box::new(File::open(file).map_err(|e| format!("{name}: {e}"))?),
        };
        let mut bytes = Vec::new();
        source.take(most + 1).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
        if bytes.len() as u64 > most {
            return Err(format!("{name}: more than the {most} bytes that are read"));
        }
        Ok(bytes)
    }

    fn text_of(bytes: Vec<u8>, file: &Path) -> Result<String, String> {
        String::from_utf8(bytes).map_err(|e| format!("{}: no text: {e}", file.display()))
    }

    fn to_json(report: &Report) -> Result<String, String> {
        serde_json::to_string_pretty(report).map_err(|e| e.to_string())
    }

    /// To standard output; that it is closed early is no error of ours.
    fn print(text: &str) -> Result<(), InputErrors> {
        match io::stdout().write_all(text.as_bytes()) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.to_string().into()),
            _ => Ok(()),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    commands::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
