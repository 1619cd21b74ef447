//! The command line: exit code 0 when done, 1 when the input has errors, 2 on wrong usage.

#[cfg(not(target_arch = "wasm32"))]
mod commands {
    use std::fmt;
    use std::fs::{self, File};
    use std::io::{self, Read, Write};
    use std::num::NonZeroUsize;
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;
    use std::str::FromStr;

    use clap::{Parser, Subcommand, ValueEnum};
    use serde::Serialize;
    use systole::advise::{self, Advisor};
    use systole::base::{Diagnostic, Lines, Severity};
    use systole::chip::{self, Chip, Description};
    use systole::draw::{Notation, Theme};
    use systole::explore;
    use systole::figure::{self, Memory, Sight, Tracks};
    use systole::graph::{self, LoadError, Loader};
    use systole::import::scalesim::{Layout, Parsed, parse_config, parse_topology};
    use systole::import::{self, check_path, npy};
    use systole::isa;
    use systole::job::validate::{Subject, Table};
    use systole::job::{
        self, Arrange, Compiled, Extent, Listed, MapperReport, NotSimulated, NotSimulatedReport,
        OutputReport, ProductsReport, ProductsRun, Report,
    };
    use systole::num::{Array, SumOrder};
    use systole::schedule::{self, Pipeline};
    use systole::sim::array::cases::{Case, Engine, replay};
    use systole::trace::{Class, Classes};

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
        ///
        /// Of a program that the machine does not run as a whole yet, the products are timed without values, and the rest is
        /// named.
        Run {
            /// A .systole program, or `-` for standard input; or a SCALE-Sim topology (.csv), whose layers are timed
            /// without values.
            file: PathBuf,
            #[command(flatten)]
            chip: ChipChoice,
            #[command(flatten)]
            passes: PassChoice,
            /// Search the tiles of each product and their order for the fewest cycles, and say what was considered.
            #[arg(long)]
            map: bool,
            /// How to report.
            #[arg(long, value_enum, default_value_t = Format::Text)]
            format: Format,
        },
        /// Run a program and print one matrix unit in one cycle: as JSON, pass, step, operands and registers of every PE; or
        /// as SVG or PNG, the picture that the page has of it.
        Frame {
            /// A .systole program, or `-` for standard input; or a SCALE-Sim topology (.csv), without registers.
            file: PathBuf,
            /// The cycle, at whose end it is looked at; that of the run's length is the machine at rest behind it.
            #[arg(long, value_name = "T")]
            cycle: u64,
            /// The matrix unit.
            #[arg(long, default_value_t = 0, value_name = "U")]
            unit: usize,
            /// Of a program too large for its values: compute the numbers of the operator with this result, from operands made
            /// from their names, as if all of them were declared. Of several with a name it is the first that runs on the arrays; NAME:LINE is
            /// that of a line.
            #[arg(long, value_name = "OP")]
            values: Option<String>,
            #[command(flatten)]
            chip: ChipChoice,
            /// What to print.
            #[arg(long, value_enum, default_value_t = FrameFormat::Json)]
            format: FrameFormat,
            #[command(flatten)]
            look: FrameLook,
            /// Write to this file; without it, or as `-`, to standard output.
            #[arg(short, long, value_name = "OUT")]
            output: Option<PathBuf>,
        },
        /// Run a program and write its timeline for ui.perfetto.dev: when each unit worked, for what, and counters over time.
        ///
        /// Times are microseconds at the chip's clock; cycles stand in the arguments of every slice. Of long runs neighbours are
        /// one slice, and the file says which.
        Trace {
            /// A .systole program, or `-` for standard input; or a SCALE-Sim topology (.csv).
            file: PathBuf,
            #[command(flatten)]
            chip: ChipChoice,
            /// Write to this file; without it, or as `-`, to standard output.
            #[arg(short, long, value_name = "OUT")]
            output: Option<PathBuf>,
        },
        /// Evaluate a program by its operators' definitions, for no chip; programs that no machine runs yet too.
        ///
        /// Beside floats stands how far they are from what the same formulas come to in f64.
        Evaluate {
            /// A .systole program, or `-` for standard input.
            file: PathBuf,
            /// Products of floats are added up N at a time, and then their sums: an array of N rows whose weights stay.
            /// Without it all are, as where sums stay.
            #[arg(long, value_name = "N")]
            block: Option<NonZeroUsize>,
            /// How to report.
            #[arg(long, value_enum, default_value_t = Format::Text)]
            format: Format,
        },
        /// Check a program; print errors and warnings only.
        Check {
            /// A .systole program, or `-` for standard input.
            file: PathBuf,
        },
        /// Say what limits a program on a chip, and which changes of both would gain: each is run.
        Advise {
            /// A .systole program, or `-` for standard input.
            file: PathBuf,
            #[command(flatten)]
            chip: ChipChoice,
        },
        /// Print a program as one of the stages has it.
        Compile {
            /// A .systole program, or `-` for standard input.
            file: PathBuf,
            /// The stage.
            #[arg(long, value_enum, value_name = "STAGE")]
            emit: Stage,
            #[command(flatten)]
            chip: ChipChoice,
            #[command(flatten)]
            passes: PassChoice,
            /// Write to this file instead of standard output.
            #[arg(short, long, value_name = "OUT")]
            output: Option<PathBuf>,
        },
        /// Say what each of the compiler's passes does with a program, and why; without a program list the passes, as a
        /// Markdown table.
        Passes {
            /// A .systole program, or `-` for standard input.
            file: Option<PathBuf>,
            #[command(flatten)]
            chip: ChipChoice,
            #[command(flatten)]
            passes: PassChoice,
        },
        /// Assemble a program for the machine, check it, run it, report.
        ///
        /// A file of bytes is run as the text that it stands for.
        ///
        /// Of one that takes too long to compute, the times are told without values.
        Asm {
            /// A text, or what `compile --emit bin` wrote; or `-` for standard input.
            file: PathBuf,
            #[command(flatten)]
            chip: ChipChoice,
            /// How to report.
            #[arg(long, value_enum, default_value_t = Format::Text)]
            format: Format,
        },
        /// Bring programs into the one style: indentation, space, columns. Tokens and lines stay as they are.
        Fmt {
            /// .systole programs, rewritten where they lie; `-` from standard input to standard output.
            #[arg(required = true)]
            files: Vec<PathBuf>,
            /// Rewrite nothing; name the files that would change, and end with 1 if there are any.
            #[arg(long)]
            check: bool,
        },
        /// List the functions of the language, as a Markdown table.
        Functions,
        /// List the chips that come with the command, with their sources; or print one as a chip file.
        Chips {
            /// Print this one as a chip file: a beginning for one of your own. With `--set` it is changed.
            name: Option<String>,
            /// Change a field of the chip that is printed. May be repeated.
            #[arg(long = "set", value_name = "KEY=VALUE", requires = "name")]
            settings: Vec<String>,
            /// List every value that no source gives, and why it was chosen.
            #[arg(long, conflicts_with = "name")]
            assumed: bool,
            /// List the keys of a chip file: units, values and meaning, as a Markdown table.
            #[arg(long, conflicts_with_all = ["name", "assumed"])]
            keys: bool,
        },
        /// Replay array cases; print their loads, starts, outputs and states.
        Array {
            /// A JSON list of cases, or `-` for standard input.
            file: PathBuf,
            /// By the closed form instead of the register stepper.
            #[arg(long)]
            closed_form: bool,
        },
        /// Count a topology's cycles and accesses as SCALE-Sim does, digit by digit, and what our schedule needs instead.
        ///
        /// Writes into DIR: COMPUTE_REPORT.csv with SCALE-Sim v2's columns (stalls are 0, as in its CALC mode);
        /// DETAILED_ACCESS_REPORT.csv with the SRAM counts (start and stop cycles and the DRAM's columns depend on the
        /// insides of its buffers and are left out); SYSTOLE_REPORT.csv with the cycles of double-buffered passes.
        Scalesim {
            /// A topology: `name, ifmap h, ifmap w, filter h, filter w, channels, filters, stride,` a line; `-` for
            /// standard input.
            topology: PathBuf,
            /// SCALE-Sim's configuration: array, dataflow.
            #[arg(long, value_name = "FILE.cfg")]
            config: PathBuf,
            /// The topology's lines are `name, M, N, K,`.
            #[arg(long)]
            gemm: bool,
            /// Folder for the reports; made where it is missing.
            #[arg(short, long, value_name = "DIR")]
            output: PathBuf,
        },
        /// Compare with what others published, as Markdown tables.
        Validate {
            /// Where that lies: tests/data of this project's repository.
            #[arg(default_value = "tests/data")]
            data: PathBuf,
            /// One comparison alone: array, rtl, scalesim, tpu-v1 or tpu-v4.
            #[arg(long, value_name = "NAME", value_parser = Subject::named)]
            only: Option<Subject>,
        },
    }

    #[derive(clap::Args)]
    struct ChipChoice {
        /// Chip to run on: a preset (`systole chips` lists them), classroom-RxC, or a chip file (.toml).
        #[arg(long, value_name = "NAME or FILE.toml", default_value = chip::DEFAULT)]
        chip: String,
        /// Change a field of the chip; `systole chips --keys` lists them. May be repeated.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
    }

    #[derive(clap::Args)]
    struct PassChoice {
        /// Leave out a pass of the compiler; `systole passes` lists them. May be repeated.
        #[arg(long, value_name = "PASS", value_parser = pass_named)]
        without: Vec<String>,
    }

    fn pass_named(name: &str) -> Result<String, String> {
        Pipeline::default().without(name).map(|_| name.to_owned())
    }

    impl PassChoice {
        fn pipeline(&self) -> Result<Pipeline, InputErrors> {
            Ok(self.without.iter().try_fold(Pipeline::default(), |all, name| all.without(name))?)
        }
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Format {
        Text,
        Json,
    }

    /// What `frame` prints.
    #[derive(Clone, Copy, ValueEnum)]
    enum FrameFormat {
        Json,
        Svg,
        Png,
    }

    /// How a picture looks.
    #[derive(clap::Args)]
    struct FrameLook {
        /// Width and height of a picture, in pixels from 100 to 8192.
        #[arg(long, value_name = "WxH", default_value_t = Size(figure::SIZE))]
        size: Size,
        /// Pixels of a PNG to each of them, a side: 1, 2 or 4.
        #[arg(long, value_name = "N", default_value = "1", value_parser = scale)]
        scale: u32,
        /// Its ground and colours.
        #[arg(long, value_enum, default_value_t = PictureTheme::Light)]
        theme: PictureTheme,
        /// How it has numbers.
        #[arg(long, value_enum, default_value_t = Numbers::Decimal)]
        numbers: Numbers,
        /// Row and column of the PE that it marks.
        #[arg(long, value_name = "R,C", default_value = "0,0", value_parser = place)]
        pe: (usize, usize),
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum PictureTheme {
        Light,
        Dark,
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Numbers {
        Decimal,
        Hexadecimal,
        Indices,
    }

    /// Width and height, written as `900x620`.
    #[derive(Clone, Copy)]
    struct Size([u32; 2]);

    impl fmt::Display for Size {
        fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
            let Size([width, height]) = self;
            write!(f, "{width}x{height}")
        }
    }

    impl FromStr for Size {
        type Err = String;

        fn from_str(text: &str) -> Result<Size, String> {
            let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
            let possible = |sides: &[u32; 2]| sides.iter().all(|side| figure::SIDES.contains(side));
            let (least, most) = figure::SIDES.into_inner();
            let expected = || {
                format!("a picture's size is like {}, each side from {least} to {most}", Size(figure::SIZE))
            };
            sides.filter(possible).map(Size).ok_or_else(expected)
        }
    }

    fn scale(text: &str) -> Result<u32, String> {
        let known = [1, 2, 4].into_iter().find(|scale: &u32| text == scale.to_string());
        known.ok_or_else(|| "a PNG has 1, 2 or 4 pixels to each".into())
    }

    fn place(text: &str) -> Result<(usize, usize), String> {
        let place = text.split_once(',').and_then(|(row, col)| Some((row.parse().ok()?, col.parse().ok()?)));
        place.ok_or_else(|| "a PE is a row and a column like 2,3".into())
    }

    /// What `compile` prints.
    #[derive(Clone, Copy, ValueEnum)]
    enum Stage {
        /// Tensors and operators; of programs that no machine runs yet too.
        Graph,
        /// What runs together, in which order and tiles.
        Plan,
        /// What the chip is told, as assembly.
        Asm,
        /// The same as bytes.
        Bin,
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
            Command::Run { file, chip, passes, map, format } => {
                run(&file, &chip, &passes, if map { Search::Mapper } else { Search::None }, format)
            }
            Command::Frame { file, cycle, unit, values, chip, format, look, output } => {
                at_cycle(&file, cycle, unit, values.as_deref(), &chip)
                    .and_then(|ran| match format {
                        FrameFormat::Json => frame(&ran, unit, cycle),
                        FrameFormat::Svg | FrameFormat::Png => picture(&ran, unit, cycle, format, &look),
                    })
                    .and_then(|bytes| write_to(output.as_deref(), &bytes))
            }
            Command::Trace { file, chip, output } => trace(&file, &chip, output.as_deref()),
            Command::Functions => {
                print!("{}", graph::functions());
                Ok(())
            }
            Command::Evaluate { file, block, format } => evaluate(&file, block, format),
            Command::Check { file } => check(&file),
            Command::Advise { file, chip } => advised(&file, &chip),
            Command::Compile { file, emit, chip, passes, output } => {
                compile_to(&file, emit, &chip, &passes, output.as_deref())
            }
            Command::Passes { file: None, .. } => print(&schedule::passes()),
            Command::Passes { file: Some(file), chip, passes } => tell_passes(&file, &chip, &passes),
            Command::Asm { file, chip, format } => run_assembly(&file, &chip, format),
            Command::Fmt { files, check } => {
                format_all(&files, if check { Rewrite::No } else { Rewrite::Yes })
            }
            Command::Chips { keys: true, .. } => print(&chip::keys()),
            Command::Chips { assumed: true, .. } => print(&chip::assumptions()),
            Command::Chips { name: None, .. } => print(&chip::list()),
            Command::Chips { name: Some(chip), settings, .. } => {
                choose(&ChipChoice { chip, settings }).and_then(|(chip, _)| print(&chip.to_toml()))
            }
            Command::Array { file, closed_form } => {
                array(&file, if closed_form { Engine::ClosedForm } else { Engine::Stepper })
            }
            Command::Scalesim { topology, config, gemm, output } => {
                scalesim(&topology, &config, if gemm { Layout::Gemm } else { Layout::Convolution }, &output)
            }
            Command::Validate { data, only } => validate(&data, only),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(InputErrors) => ExitCode::from(1),
        }
    }

    /// How a plan is arranged.
    #[derive(Clone, Copy)]
    enum Search {
        None,
        Mapper,
    }

    /// A report, and what was considered before.
    #[derive(Serialize)]
    struct Reported<R> {
        #[serde(flatten)]
        report: R,
        #[serde(skip_serializing_if = "Option::is_none")]
        mapper: Option<MapperReport>,
    }

    fn run(
        file: &Path,
        chip: &ChipChoice,
        passes: &PassChoice,
        search: Search,
        format: Format,
    ) -> Result<(), InputErrors> {
        let (_, chip) = choose(chip)?;
        let pipeline = passes.pipeline()?;
        let mut found = Vec::new();
        let mut arrange = |plan| match search {
            Search::None => plan,
            Search::Mapper => {
                let (plan, mapping) = explore::map(plan, &chip);
                found.push(mapping);
                plan
            }
        };
        let ran = match is_topology(file) {
            true => Ran::layers(file, &chip, &mut arrange)?,
            false => {
                let program = Program::read(file)?;
                let compiled = compile(&program, &chip, &pipeline, &mut arrange);
                let runs = compiled.job.is_some() || compiled.timed.is_some();
                let (text, files) = (&program.text, program.files.as_ref());
                let mut products = || job::compile_products_arranged(text, files, &chip, &mut arrange);
                match if runs { None } else { products() } {
                    Some(run) if run.timed.is_empty() => return Err(nothing_runs(&program, &compiled, &run)),
                    Some(run) => {
                        return report_products(&program, &run, mapping_of(&run, search, found), format);
                    }
                    None => Ran::program(program, compiled)?,
                }
            }
        };
        let (text, report, classes) = match &ran {
            Ran::Timed { text, timed } => (text, timed.report(text), timed.tally().classes),
            Ran::Program { text, finished } => (text, finished.report(text), finished.tally().classes),
        };
        let mapper = found.last().map(|mapping| MapperReport::new(mapping, text));
        match format {
            Format::Json => print(&(to_json(&Reported { report, mapper })? + "\n")),
            Format::Text => {
                let considered = mapper.as_ref().map_or(String::new(), mapper_in_words);
                print(&(in_words(&report, classes) + &considered))
            }
        }
    }

    /// What was found for products alone, if it was searched.
    fn mapping_of(
        run: &ProductsRun,
        search: Search,
        found: Vec<explore::Mapping>,
    ) -> Option<explore::Mapping> {
        match search {
            Search::None => None,
            Search::Mapper => Some(job::mapping_of_products(run, found)),
        }
    }

    fn mapper_in_words(report: &MapperReport) -> String {
        let MapperReport { planned_cycles: before, found_cycles: after, taken, in_columns, products } =
            report;
        let outcome = match (taken, in_columns) {
            (false, _) => ": left as planned",
            (true, true) => ": all tiles as planned, columns of them outermost",
            (true, false) => "",
        };
        let mut out = format!("mapper: {before} cycles as planned, {after} as found{outcome}\n");
        for product in products {
            let [planned, best] = [product.planned.cycles, product.best[0].cycles];
            let fewer = 100.0 * (planned - best) as f64 / planned as f64;
            let ways: Vec<String> = product
                .best
                .iter()
                .map(|way| format!("{:?} {} {}", way.tile, way.order.name(), way.cycles))
                .collect();
            out += &format!(
                "  {} (line {}), {} of {}: {planned} cycles as planned, {fewer:.1} % fewer by the best of {} ({} run, none below {}): {}\n",
                product.name,
                product.line,
                if product.layers == 1 { "1 layer".to_owned() } else { format!("{} layers", product.layers) },
                product.planned.order.name(),
                product.candidates,
                product.run,
                product.least,
                ways.join("; ")
            );
        }
        out
    }

    /// Tells why a program does not run as a whole, and where it is for another reason, why none of its products does.
    fn nothing_runs(program: &Program, compiled: &Compiled, run: &ProductsRun) -> InputErrors {
        let told = program.shown().tell(&compiled.diagnostics);
        let lines = Lines::new(&program.text);
        for NotSimulated { operator, span, reason, .. } in &run.rest {
            let other = |reason: &&String| compiled.diagnostics.iter().all(|known| known.message != **reason);
            if let Some(reason) = reason.as_ref().filter(other) {
                let line = lines.position(span.start).line;
                eprintln!("note: nor does `{operator}` run by itself: line {line}: {reason}");
            }
        }
        told.err().unwrap_or(InputErrors)
    }

    /// Of a program that cannot run as a whole.
    fn report_products(
        program: &Program,
        run: &ProductsRun,
        found: Option<explore::Mapping>,
        format: Format,
    ) -> Result<(), InputErrors> {
        program.shown().tell(&run.warnings)?;
        let line = Lines::new(&program.text).position(run.obstacle.span.start).line;
        let why = &run.obstacle.message;
        eprintln!("warning: only the products run, each by itself and without values: line {line}: {why}");
        let report = run.report(&program.text);
        let mapper = found.map(|found| MapperReport::new(&found, &program.text));
        match format {
            Format::Json => print(&(to_json(&Reported { report, mapper })? + "\n")),
            Format::Text => {
                let considered = mapper.as_ref().map_or(String::new(), mapper_in_words);
                print(&(products_in_words(&report) + &considered))
            }
        }
    }

    /// A run that has this matrix unit and this cycle.
    fn at_cycle(
        file: &Path,
        cycle: u64,
        unit: usize,
        values: Option<&str>,
        chip: &ChipChoice,
    ) -> Result<Ran, InputErrors> {
        let (_, chip) = choose(chip)?;
        if unit >= chip.matrix_units {
            let (name, units) = (&chip.name, chip.matrix_units);
            return Err(format!("there is no matrix unit {unit}: {name} has {units}, counted from 0").into());
        }
        let mut ran = Ran::new(file, &chip)?;
        values.map_or(Ok(()), |op| ran.compute(op))?;
        let cycles = ran.cycles();
        if cycle > cycles {
            return Err(format!("there is no cycle {cycle}: the run ends after {cycles}").into());
        }
        Ok(ran)
    }

    fn frame(ran: &Ran, unit: usize, cycle: u64) -> Result<Vec<u8>, InputErrors> {
        let frame = match ran {
            Ran::Timed { text, timed } => timed.frame(text, unit, cycle),
            Ran::Program { text, finished } => finished.frame(text, unit, cycle),
        };
        Ok((serde_json::to_string(&frame).map_err(|e| e.to_string())? + "\n").into_bytes())
    }

    fn picture(
        ran: &Ran,
        unit: usize,
        cycle: u64,
        format: FrameFormat,
        look: &FrameLook,
    ) -> Result<Vec<u8>, InputErrors> {
        let Ran::Program { finished, .. } = ran else {
            return Err("layers of a topology have no picture: they run without registers".to_owned().into());
        };
        let Chip { rows, cols, .. } = finished.chip;
        let (row, col) = look.pe;
        if row >= rows || col >= cols {
            return Err(
                format!("there is no PE {row},{col}: the array has {rows} x {cols}, counted from 0").into()
            );
        }
        let layout = figure::whole(finished, look.size.0.map(f64::from));
        let notation = match look.numbers {
            Numbers::Decimal => Notation::Decimal,
            Numbers::Hexadecimal => Notation::Hexadecimal,
            Numbers::Indices => Notation::Indices,
        };
        let theme = match look.theme {
            PictureTheme::Light => Theme::Light,
            PictureTheme::Dark => Theme::Dark,
        };
        let sight = Sight { cycle, unit, selected: look.pe, marked: None, arrived: 1.0, notation };
        if let FrameFormat::Svg = format {
            return Ok(figure::picture(finished, sight, &layout, theme, &mut Memory::default()).into_bytes());
        }
        let largest = look.size.0[0].max(look.size.0[1]) * look.scale;
        let most = *figure::SIDES.end();
        if largest > most {
            return Err(format!("a PNG of {largest} pixels is too large: {most} a side at most").into());
        }
        Ok(figure::pixels(finished, sight, &layout, theme, look.scale)?)
    }

    fn trace(file: &Path, chip: &ChipChoice, output: Option<&Path>) -> Result<(), InputErrors> {
        let (_, chip) = choose(chip)?;
        let ran = Ran::new(file, &chip)?;
        let (text, trace, program) = match &ran {
            Ran::Program { text, finished } => (text, &finished.trace, &finished.emitted.program),
            Ran::Timed { text, timed } => (text, &timed.trace, &timed.emitted.program),
        };
        let run = figure::Ran { trace, program, chip: &chip };
        let timeline = Tracks::new(run, text).whole(run);
        write_to(output, timeline.as_bytes())
    }

    /// To a file; to standard output where none is named, or `-`.
    fn write_to(output: Option<&Path>, bytes: &[u8]) -> Result<(), InputErrors> {
        match output.filter(|path| *path != Path::new("-")) {
            Some(path) => Ok(fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))?),
            None => print_bytes(bytes),
        }
    }

    /// Whether a file is SCALE-Sim's, by its name.
    fn is_topology(file: &Path) -> bool {
        file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
    }

    /// What a file's run came to.
    enum Ran {
        Program { text: String, finished: Box<job::Finished> },
        Timed { text: String, timed: Box<job::Timed> },
    }

    impl Ran {
        fn new(file: &Path, chip: &Chip) -> Result<Ran, InputErrors> {
            match is_topology(file) {
                true => Ran::layers(file, chip, &mut job::as_planned),
                false => {
                    let program = Program::read(file)?;
                    let compiled = compile(&program, chip, &Pipeline::default(), &mut job::as_planned);
                    Ran::program(program, compiled)
                }
            }
        }

        /// Prints what is to be said, and stops if there are errors.
        fn program(program: Program, compiled: Compiled) -> Result<Ran, InputErrors> {
            program.shown().tell(&compiled.diagnostics)?;
            let finished = match (compiled.timed, compiled.job) {
                (Some(timed), _) => timed,
                (None, job) => job.ok_or(InputErrors)?.finish(),
            };
            if let Extent::Without { why, .. } = &finished.extent {
                let line = Lines::new(&program.text).position(why.span.start).line;
                eprintln!("warning: this runs without values: line {line}: {}", why.message);
            }
            Ok(Ran::Program { text: program.text, finished: Box::new(finished) })
        }

        fn layers(file: &Path, chip: &Chip, arrange: &mut Arrange) -> Result<Ran, InputErrors> {
            let text = scalesim_text(file, import::scalesim::MOST_TOPOLOGY_BYTES)?;
            let lines = Shown { file, text: &text };
            let topology = lines.value_of(parse_topology(&text, Layout::of_header(&text)))?;
            match job::time_topology_arranged(&topology, chip, arrange) {
                Ok(timed) => Ok(Ran::Timed { timed: Box::new(timed), text }),
                Err(refused) => {
                    lines.tell(&[refused.diagnostic()])?;
                    Err(InputErrors)
                }
            }
        }

        /// The numbers of an operator, by its name, or its name and line.
        fn compute(&mut self, name: &str) -> Result<(), String> {
            let Ran::Program { finished, text } = self else {
                return Err("`--values` is for programs: a topology's layers have no values".into());
            };
            let Some(op) = finished.operator(name, text) else {
                return Err(format!(
                    "no operator is called `{name}`: `systole run` lists them; of several with a name, NAME:LINE is one"
                ));
            };
            let mut seeding = finished.seeding(op).map_err(|no| {
                let line = Lines::new(text).position(no.span.start).line;
                format!("line {line}: {}; {}", no.message, no.hint)
            })?;
            while !finished.seed(&mut seeding, usize::MAX) {}
            Ok(())
        }

        fn cycles(&self) -> u64 {
            match self {
                Ran::Program { finished, .. } => finished.trace.cycles,
                Ran::Timed { timed, .. } => timed.trace.cycles,
            }
        }
    }

    fn check(file: &Path) -> Result<(), InputErrors> {
        let program = Program::read(file)?;
        let checked = job::check(&program.text, program.files.as_ref());
        program.shown().tell(&checked.diagnostics)
    }

    fn advised(file: &Path, chip: &ChipChoice) -> Result<(), InputErrors> {
        let ((described, _), program) = (choose(chip)?, Program::read(file)?);
        let checked = job::check(&program.text, program.files.as_ref());
        program.shown().tell(&checked.diagnostics)?;
        let advisor = Advisor::new(&program.text, &described);
        let advisor = advisor.ok_or_else(|| {
            format!("{} does not run whole on this chip: `systole run` says why", file.display())
        })?;
        print(&advise::in_words(&advisor))
    }

    fn evaluate(file: &Path, block: Option<NonZeroUsize>, format: Format) -> Result<(), InputErrors> {
        let program = Program::read(file)?;
        let order = SumOrder { block: block.map_or(usize::MAX, NonZeroUsize::get) };
        let evaluable = job::evaluate(&program.text, program.files.as_ref(), order);
        program.shown().tell(&evaluable.diagnostics)?;
        let mut reference = evaluable.reference.ok_or(InputErrors)?;
        while !reference.advance(u64::MAX) {}
        let report = reference.report(&program.text);
        match format {
            Format::Json => print(&(to_json(&report)? + "\n")),
            Format::Text => print(&outputs_in_words(&report.outputs)),
        }
    }

    fn compile_to(
        file: &Path,
        stage: Stage,
        chip: &ChipChoice,
        passes: &PassChoice,
        output: Option<&Path>,
    ) -> Result<(), InputErrors> {
        let pipeline = passes.pipeline()?;
        let program = Program::read(file)?;
        let (text, files) = (&program.text, program.files.as_ref());
        let (diagnostics, emitted) = match stage {
            Stage::Graph => {
                let (diagnostics, graph) = job::graph(text, files);
                (diagnostics, graph.map(|graph| graph.to_string().into_bytes()))
            }
            Stage::Plan => {
                let (diagnostics, plan) = job::explained(text, files, &choose(chip)?.1, &pipeline);
                (diagnostics, plan.map(|(plan, _)| plan.to_string().into_bytes()))
            }
            Stage::Asm => {
                let (diagnostics, asm) = job::assembly_text(text, files, &choose(chip)?.1, &pipeline);
                (diagnostics, asm.map(String::into_bytes))
            }
            Stage::Bin => {
                let (diagnostics, assembly) = job::assembly(text, files, &choose(chip)?.1, &pipeline);
                (diagnostics, assembly.map(|assembly| isa::binary::encode(&assembly)))
            }
        };
        program.shown().tell(&diagnostics)?;
        let emitted = emitted.ok_or(InputErrors)?;
        write_to(output, &emitted)
    }

    fn tell_passes(file: &Path, chip: &ChipChoice, passes: &PassChoice) -> Result<(), InputErrors> {
        let ((_, chip), pipeline, program) = (choose(chip)?, passes.pipeline()?, Program::read(file)?);
        let (diagnostics, explained) =
            job::explained(&program.text, program.files.as_ref(), &chip, &pipeline);
        program.shown().tell(&diagnostics)?;
        print(&schedule::told(&explained.ok_or(InputErrors)?.1, &program.text))
    }

    fn run_assembly(file: &Path, chip: &ChipChoice, format: Format) -> Result<(), InputErrors> {
        let (_, chip) = choose(chip)?;
        let bytes = read(file, isa::text::MOST_ASSEMBLY_BYTES as u64)?;
        let text = match bytes.starts_with(&isa::binary::MAGIC) {
            // What is to be said of it is said of its text.
            true => {
                let assembly = isa::binary::decode(&bytes).map_err(|e| format!("{}: {e}", file.display()))?;
                isa::text::print(&assembly)
            }
            false => text_of(bytes, file)?,
        };
        let files = Directory(file.parent().unwrap_or(Path::new("")).to_owned());
        let (diagnostics, run) = job::run_assembly(&text, &files, &chip);
        Shown { file, text: &text }.tell(&diagnostics)?;
        let run = run.ok_or(InputErrors)?;
        let report = run.report(&text);
        match format {
            Format::Json => print(&(to_json(&report)? + "\n")),
            Format::Text => print(&in_words(&report, run.tally().classes)),
        }
    }

    /// Whether a file that is not in our style is changed.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Rewrite {
        Yes,
        No,
    }

    fn format_all(files: &[PathBuf], rewrite: Rewrite) -> Result<(), InputErrors> {
        let mut fine = true;
        for file in files {
            fine &= format_one(file, rewrite).is_ok();
        }
        if fine { Ok(()) } else { Err(InputErrors) }
    }

    fn format_one(file: &Path, rewrite: Rewrite) -> Result<(), InputErrors> {
        let name = file.display().to_string();
        let text = text_of(read(file, systole::lang::MOST_TEXT_BYTES as u64)?, file)?;
        let parsed = systole::lang::parse(&text).diagnostics.into_sorted();
        Shown { file, text: &text }.tell(&parsed)?;
        let formatted = systole::lang::format(&text);
        match rewrite {
            Rewrite::No if formatted == text => Ok(()),
            Rewrite::No => {
                Err(format!("{name} is not in the one style: `systole fmt {name}` mends it").into())
            }
            Rewrite::Yes if file == Path::new("-") => print(&formatted),
            Rewrite::Yes if formatted == text => Ok(()),
            Rewrite::Yes => Ok(fs::write(file, formatted).map_err(|e| format!("{name}: {e}"))?),
        }
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

    fn scalesim(topology: &Path, config: &Path, layout: Layout, output: &Path) -> Result<(), InputErrors> {
        let lines = scalesim_text(topology, import::scalesim::MOST_TOPOLOGY_BYTES)?;
        let settings = scalesim_text(config, import::scalesim::MOST_CONFIG_BYTES)?;
        let settings = Shown { file: config, text: &settings };
        let lines = Shown { file: topology, text: &lines };
        // Both are read before either's errors end it.
        let config = settings.value_of(parse_config(settings.text));
        let topology = lines.value_of(parse_topology(lines.text, layout));
        let (config, topology) = (config?, topology?);
        lines.tell(&job::scalesim::check(&topology, &config))?;
        let counts = job::scalesim::simulate(&topology, &config);
        fs::create_dir_all(output).map_err(|e| format!("{}: {e}", output.display()))?;
        for (name, report) in [
            ("COMPUTE_REPORT.csv", job::scalesim::compute_report(&topology, &counts)),
            ("DETAILED_ACCESS_REPORT.csv", job::scalesim::detailed_access_report(&topology, &counts)),
            ("SYSTOLE_REPORT.csv", job::scalesim::systole_report(&topology, &counts)),
        ] {
            let path = output.join(name);
            fs::write(&path, report).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        print(&job::scalesim::summary(&topology, &counts, &config))
    }

    fn validate(data: &Path, only: Option<Subject>) -> Result<(), InputErrors> {
        const MOST_BYTES: u64 = 64 << 20;
        let subjects = only.map_or(Subject::ALL.to_vec(), |subject| vec![subject]);
        let read = |path: &str| {
            let file = data.join(path);
            text_of(read(&file, MOST_BYTES)?, &file)
        };
        let mut tables = Vec::new();
        for subject in subjects {
            tables.extend(subject.tables(&read)?);
        }
        print(&tables.iter().map(Table::to_markdown).collect::<Vec<_>>().join("\n"))
    }

    fn scalesim_text(file: &Path, most: usize) -> Result<String, String> {
        let bytes = read(file, most as u64)?;
        import::scalesim::text_of(&bytes, most).map_err(|e| format!("{}: {e}", file.display()))
    }

    /// A text that is checked, under its file's name.
    struct Shown<'t> {
        file: &'t Path,
        text: &'t str,
    }

    impl Shown<'_> {
        fn value_of<T>(&self, parsed: Parsed<T>) -> Result<T, InputErrors> {
            self.tell(&parsed.diagnostics)?;
            parsed.value.ok_or(InputErrors)
        }

        /// Prints what is to be said, and stops if there are errors.
        fn tell(&self, diagnostics: &[Diagnostic]) -> Result<(), InputErrors> {
            let name = self.file.display().to_string();
            diagnostics.iter().for_each(|d| eprint!("{}", d.render(&name, self.text)));
            match diagnostics.iter().filter(|d| d.severity == Severity::Error).count() {
                0 => Ok(()),
                errors => {
                    eprintln!("{errors} {}", if errors == 1 { "error" } else { "errors" });
                    Err(InputErrors)
                }
            }
        }
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

    impl Program {
        fn shown(&self) -> Shown<'_> {
            Shown { file: Path::new(&self.name), text: &self.text }
        }
    }

    fn compile(program: &Program, chip: &Chip, pipeline: &Pipeline, arrange: &mut Arrange) -> Compiled {
        job::compile_or_time_arranged(&program.text, program.files.as_ref(), chip, pipeline, arrange)
    }

    fn in_words(report: &Report, classes: Classes) -> String {
        let mut out = format!(
            "{}: {} cycles, {:.3} µs; the last MAC after {}\n{} MACs, {:.1} % of what it can do\n",
            report.chip.name,
            report.cycles,
            report.seconds * 1e6,
            report.cycles_to_last_mac,
            report.macs,
            report.utilization * 100.0,
        );
        if report.cycles > 0 {
            let classes = classes_in_words(classes);
            out += &format!("cycles of {}: {classes}\n", matrix_units(report.matrix_units));
        }
        if report.in_common_memory {
            out += "all tensors lie in the common memory, none in DRAM\n";
        }
        for op in &report.ops {
            out += &format!(
                "  {} (line {}): cycles {} to {}, {} MACs\n",
                op.name, op.line, op.start, op.end, op.macs
            );
        }
        out += &outputs_in_words(&report.outputs);
        out += &match (&report.disagreement, report.agrees) {
            (Some(difference), _) => format!("DIFFERS from the reference: {difference}\n"),
            (None, Some(_)) => "equals the reference\n".to_owned(),
            (None, None) if !report.outputs.is_empty() => String::new(),
            (None, None) => "timed without values\n".to_owned(),
        };
        out
    }

    fn outputs_in_words(outputs: &[OutputReport]) -> String {
        let mut out = String::new();
        for output in outputs {
            let shown = match &output.values {
                Some(Listed::Whole(values)) if values.len() <= 64 => format!("{values:?}"),
                Some(Listed::Floats(values)) if values.len() <= 64 => format!("{values:?}"),
                _ => format!("checksum {}", output.checksum),
            };
            out += &format!("{} : {}{:?} = {shown}\n", output.name, output.dtype, output.shape);
            if let Some(off) = output.deviation {
                let job::DeviationReport { absolute, relative } = off;
                out += &format!("  off from f64: at most {absolute:.2e}, relative {relative:.2e}\n");
            }
        }
        out
    }

    fn products_in_words(report: &ProductsReport) -> String {
        let mut out = format!(
            "{}: {} cycles, {:.3} µs, by the products alone\n{} MACs, {:.1} % of what it can do\n",
            report.chip.name,
            report.cycles,
            report.seconds * 1e6,
            report.macs,
            report.utilization * 100.0,
        );
        for op in &report.ops {
            let copies = if op.copies == 1 { String::new() } else { format!("{} of ", op.copies) };
            let times = if op.times == 1 { String::new() } else { format!("{} times ", op.times) };
            out += &format!(
                "  {} (line {}): {copies}{} x {} x {}, {times}{} cycles, {} MACs, {:.1} %\n",
                op.name,
                op.line,
                op.m,
                op.k,
                op.n,
                op.cycles_each,
                op.macs,
                op.utilization * 100.0
            );
        }
        if !report.not_simulated.is_empty() {
            out += "not simulated:\n";
        }
        for NotSimulatedReport { operator, count, line, reason } in &report.not_simulated {
            let reason = reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
            let times = if *count == 1 { "once" } else { &format!("{count} times") };
            out += &format!("  {operator}, {times}, first on line {line}{reason}\n");
        }
        out
    }

    fn matrix_units(count: usize) -> String {
        if count == 1 { "the matrix unit".into() } else { format!("{count} matrix units") }
    }

    /// The classes that occur, with their shares.
    fn classes_in_words(classes: Classes) -> String {
        let all = classes.total().max(1) as f64;
        let occurring = classes.iter().filter(|(_, cycles)| *cycles > 0);
        let word = |(class, cycles): (Class, u64)| {
            format!("{} {cycles} ({:.1} %)", class.title(), 100.0 * cycles as f64 / all)
        };
        occurring.map(word).collect::<Vec<_>>().join(", ")
    }

    /// The chip that was asked for, as described and as built.
    fn choose(choice: &ChipChoice) -> Result<(Description, Chip), InputErrors> {
        let file = Path::new(&choice.chip);
        let mut described = match file.extension() {
            Some(ending) if ending.eq_ignore_ascii_case("toml") => read_chip(file)?,
            _ => chip::preset(&choice.chip).ok_or_else(|| in_one_line(chip::unknown_preset(&choice.chip)))?,
        };
        let split = |setting: &'_ String| {
            let missing =
                || format!("`--set {setting}` has no value; write --set KEY=VALUE, as in --set rows=16");
            let (key, value) = setting.split_once('=').ok_or_else(missing)?;
            Ok((key.trim().to_owned(), value.to_owned()))
        };
        let changes: Vec<(String, String)> =
            choice.settings.iter().map(split).collect::<Result<_, String>>()?;
        let mut chip = described
            .amend(changes.iter().map(|(key, value)| (key.as_str(), value.as_str())))
            .map_err(|errors| {
                errors.into_iter().for_each(|error| drop(InputErrors::from(in_one_line(error))));
                InputErrors
            })?;
        // A report says what it is of.
        if !changes.is_empty() {
            chip.name += &format!(" with {}", choice.settings.join(", "));
        }
        Ok((described, chip))
    }

    fn read_chip(file: &Path) -> Result<Description, InputErrors> {
        let text = text_of(read(file, chip::MOST_FILE_BYTES as u64)?, file)?;
        let parsed = chip::parse(&text);
        Shown { file, text: &text }.tell(&parsed.diagnostics)?;
        parsed.description.ok_or(InputErrors)
    }

    fn in_one_line(error: chip::ChipError) -> String {
        format!("{}; {}", error.message, error.hint)
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

    /// A program that comes with the crate: found by its path there, or without the folder.
    struct Example {
        name: &'static str,
        text: &'static str,
    }

    macro_rules! bundled {
        ($path:literal) => {
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/", $path))
        };
    }

    macro_rules! examples {
        ($($name:literal)*) => {
            [$(Example {
                name: concat!($name, ".systole"),
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/", $name, ".systole")),
            }),*]
        };
    }

    const EXAMPLES: [Example; 25] = examples!(
        "product" "layers" "digits"
        "library/alexnet" "library/bert-base" "library/dlrm"
        "library/gnmt-lstm" "library/gpt2-decode" "library/gpt2-prefill"
        "library/gpt3-decode" "library/gpt3-prefill" "library/llama3-70b-decode"
        "library/llama3-70b-prefill" "library/llama3-8b-decode" "library/llama3-8b-prefill"
        "library/mamba-130m" "library/mixtral-8x7b-decode" "library/mixtral-8x7b-prefill"
        "library/mlp0" "library/mobilenet_v2" "library/resnet50"
        "library/sd15-unet" "library/transformer" "library/vgg16"
        "library/vit-b16"
    );

    /// Arrays that examples load.
    const ARRAYS: [(&str, &[u8]); 5] = [
        ("digits/x.npy", bundled!("digits/x.npy")),
        ("digits/w1.npy", bundled!("digits/w1.npy")),
        ("digits/b1.npy", bundled!("digits/b1.npy")),
        ("digits/w2.npy", bundled!("digits/w2.npy")),
        ("digits/b2.npy", bundled!("digits/b2.npy")),
    ];

    impl Example {
        fn named(file: &Path) -> Option<Example> {
            let is_it = |name: &Path| file == name || name.file_name() == Some(file.as_os_str());
            EXAMPLES.into_iter().find(|example| is_it(Path::new(example.name)))
        }
    }

    impl Loader for Example {
        fn load(&self, path: &str) -> Result<Array, LoadError> {
            let found = ARRAYS.iter().find(|(name, _)| *name == path);
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

    fn to_json(report: &impl Serialize) -> Result<String, String> {
        serde_json::to_string_pretty(report).map_err(|e| e.to_string())
    }

    /// To standard output; that it is closed early is no error of ours.
    fn print(text: &str) -> Result<(), InputErrors> {
        print_bytes(text.as_bytes())
    }

    fn print_bytes(bytes: &[u8]) -> Result<(), InputErrors> {
        match io::stdout().write_all(bytes) {
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
