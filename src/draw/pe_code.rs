//! What a PE would be in code: a module of hardware and a function that does one cycle, for a chip and what runs on it; the selected
//! PE's numbers stand behind the lines that make them.

use std::fmt::Write;

use super::{Moment, Register, short};
use crate::chip::{Dataflow, Stationary, WeightBuffering};
use crate::isa::Work;
use crate::num::{DType, Sparsity};
use crate::trace::NONE;

/// One PE, twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeCode {
    /// In the manner of Verilog.
    pub hardware: String,
    /// In the manner of Rust.
    pub software: String,
}

/// What a PE is made of.
struct Shape {
    stationary: Stationary,
    buffering: WeightBuffering,
    /// Of what comes from the left, of what comes from above, and of sums.
    dtypes: [DType; 3],
    /// What comes from the left, and from above.
    names: [&'static str; 2],
    lanes: usize,
    skips: Option<Sparsity>,
}

/// What its registers hold at the end of the cycle, in words.
struct Held {
    act: String,
    weight: String,
    shadow: String,
    bus: String,
    above: String,
    sum: String,
    drain: String,
}

impl PeCode {
    /// Of the selected PE of a moment.
    pub fn new(moment: &Moment) -> PeCode {
        let (shape, held) = (Shape::new(moment), Held::new(moment));
        let (row, col) = moment.selected;
        let chip = moment.chip;
        let head = format!(
            "// PE({row}, {col}) of {} x {}, {}, at the end of cycle {}\n",
            chip.rows,
            chip.cols,
            said(chip.dataflow),
            moment.frame.cycle
        );
        match shape.stationary {
            Stationary::Weights => PeCode {
                hardware: head.clone() + &shape.weights_in_hardware(&held),
                software: head + &shape.weights_in_software(&held),
            },
            Stationary::Sums => PeCode {
                hardware: head.clone() + &shape.sums_in_hardware(&held),
                software: head + &shape.sums_in_software(&held),
            },
        }
    }
}

fn said(dataflow: Dataflow) -> &'static str {
    match dataflow {
        Dataflow::WeightStationary => "weights stay",
        Dataflow::InputStationary => "activations stay",
        Dataflow::OutputStationary => "sums stay",
    }
}

impl Held {
    fn new(moment: &Moment) -> Held {
        let frame = moment.frame;
        let (row, col) = moment.selected;
        let at = frame.at(row, col);
        let of = |list: &[i32], passes: &[u32], register: Option<Register>| -> String {
            let (Some(value), Some(pass)) = (list.get(at), passes.get(at)) else { return "none".into() };
            let named = || register.and_then(|register| moment.named(register, row, col));
            match *pass {
                NONE => "empty".into(),
                pass if moment.has_numbers(pass) => short(moment.scalar(*value, pass)),
                _ => named().unwrap_or_else(|| "a sum".into()),
            }
        };
        let pass = frame.pass[at];
        let above = match moment.before.first() {
            Some(entry) if moment.has_numbers(pass) => short(moment.scalar(*entry, pass)),
            _ => if pass == NONE { "empty" } else { "a sum" }.into(),
        };
        Held {
            act: of(&frame.act, &frame.pass, Some(Register::Act(0))),
            weight: of(&frame.weight, &frame.weight_pass, Some(Register::Weight(0))),
            shadow: of(&frame.shadow, &frame.shadow_pass, Some(Register::Shadow)),
            bus: of(&frame.bus, &frame.bus_pass, Some(Register::Bus)),
            above,
            sum: of(&frame.psum, &frame.psum_pass, None),
            drain: of(&frame.drain, &frame.drain_pass, None),
        }
    }
}

impl Shape {
    fn new(moment: &Moment) -> Shape {
        let chip = moment.chip;
        let [act, weight] = dtypes(moment);
        let (dtypes, names) = match chip.dataflow {
            Dataflow::InputStationary => ([weight, act], ["weight", "act"]),
            _ => ([act, weight], ["act", "weight"]),
        };
        Shape {
            stationary: chip.dataflow.stationary(),
            buffering: chip.weights,
            dtypes: [dtypes[0], dtypes[1], act.sums()],
            names,
            lanes: moment.frame.lanes,
            skips: chip.skips(),
        }
    }

    /// `signed [7:0]`, of a float its bits.
    fn bits(&self, which: usize) -> String {
        let dtype = self.dtypes[which];
        let sign = if dtype.is_float() { "" } else { "signed " };
        let lanes =
            if self.lanes > 1 && which != 1 { format!("[{}:0]", self.lanes - 1) } else { String::new() };
        format!("{sign}{lanes}[{}:0]", 8 * dtype.bytes() - 1)
    }

    /// A multiply-accumulate.
    fn mac(&self, sum: &str, left: &str, above: &str) -> String {
        if self.dtypes[2].is_float() {
            format!("fadd({sum}, fmul({left}, {above}))")
        } else {
            format!("{sum} + {left} * {above}")
        }
    }

    /// What is multiplied: where weights are skipped, the activation that the stored weight is for.
    fn picked(&self, left: &str) -> String {
        match self.skips {
            Some(_) => format!("{left}_in[place]"),
            None => format!("{left}_in"),
        }
    }

    fn notes(&self) -> String {
        let mut out = String::new();
        if let Some(sparsity) = self.skips {
            let (kept, of) = (sparsity.kept(), sparsity.of());
            let _ = writeln!(
                out,
                "// {kept} of {of} weights are stored, each with its place: {of} activations come, one is taken"
            );
        }
        if self.lanes > 1 {
            let _ = writeln!(
                out,
                "// {} rows a cycle: as many of these in one PE; the numbers are the first one's",
                self.lanes
            );
        }
        let [left, above, sum] = self.dtypes;
        let _ = writeln!(out, "// {left} x {above}, sums in {sum}");
        out
    }

    fn weights_in_hardware(&self, held: &Held) -> String {
        let [left, above] = self.names;
        let ([a, w, s], [act, weight]) = ([self.bits(0), self.bits(1), self.bits(2)], [left, above]);
        let Held { act: act_now, weight: weight_now, shadow, bus, above: sum_in, sum, .. } = held;
        let product = self.mac("sum_in", &self.picked(act), &format!("(swap ? next : {weight})"));
        let (register, next) = match self.buffering {
            WeightBuffering::Double => ("shadow", "// the next tile waits in `next` while this one is used"),
            WeightBuffering::Single => ("next", "// the next tile may come only when the last row has left"),
        };
        self.notes()
            + &format!(
                "module pe (
  input  clk, load, swap,
  input  {a} {act}_in,      // from the left
  input  {w} {weight}_in,   // from above, on its way down
  input  {s} sum_in,        // from above: {sum_in}
  output reg {a} {act},
  output reg {w} {weight}_bus,
  output reg {s} sum
);
  reg {w} {weight}, next;   {next}
  always @(posedge clk) begin
    {act}        <= {act}_in;      // {act_now}
    {weight}_bus <= {weight}_in;   // {bus}
    if (load) next <= {weight}_in; // {register}: {shadow}
    if (swap) {weight} <= next;    // {weight_now}
    sum <= {product};  // {sum}
  end
endmodule
"
            )
    }

    fn weights_in_software(&self, held: &Held) -> String {
        let [act, weight] = self.names;
        let [a, w, s] = self.dtypes;
        let Held { act: act_now, weight: weight_now, shadow, bus, above, sum, .. } = held;
        let taken = match self.skips {
            Some(_) => format!("inputs.{act}[self.place]"),
            None => format!("inputs.{act}"),
        };
        let product = self.in_software("inputs.sum", &taken, &format!("self.{weight}"));
        self.notes()
            + &format!(
                "struct Pe {{ {act}: {a}, {weight}: {w}, next: {w}, bus: {w}, sum: {s} }}

impl Pe {{
    fn cycle(&mut self, inputs: Inputs) {{
        if inputs.swap {{ self.{weight} = self.next; }}  // {weight_now}
        self.sum = {product};  // {sum}, of {above}
        self.{act} = inputs.{act};  // {act_now}, goes right
        if inputs.load {{ self.next = inputs.{weight}; }}  // {shadow}
        self.bus = inputs.{weight};  // {bus}, goes down
    }}
}}
"
            )
    }

    fn sums_in_hardware(&self, held: &Held) -> String {
        let [act, weight] = self.names;
        let [a, w, s] = [self.bits(0), self.bits(1), self.bits(2)];
        let Held { act: act_now, weight: weight_now, sum, drain, .. } = held;
        let product = self.mac("(begin_sum ? 0 : sum)", &format!("{act}_in"), &format!("{weight}_in"));
        self.notes()
            + &format!(
                "module pe (
  input  clk, begin_sum, done,
  input  {a} {act}_in,      // from the left
  input  {w} {weight}_in,   // from above
  input  {s} drain_in,      // from above, when sums leave
  output reg {a} {act},
  output reg {w} {weight},
  output reg {s} drain
);
  reg {s} sum;              // stays here until all of k is in it
  always @(posedge clk) begin
    {act}    <= {act}_in;      // {act_now}, goes right
    {weight} <= {weight}_in;   // {weight_now}, goes down
    sum   <= {product};  // {sum}
    drain <= done ? sum : drain_in;  // {drain}
  end
endmodule
"
            )
    }

    fn sums_in_software(&self, held: &Held) -> String {
        let [act, weight] = self.names;
        let [a, w, s] = self.dtypes;
        let Held { act: act_now, weight: weight_now, sum, drain, .. } = held;
        let product = self.in_software("self.sum", &format!("inputs.{act}"), &format!("inputs.{weight}"));
        self.notes()
            + &format!(
                "struct Pe {{ {act}: {a}, {weight}: {w}, sum: {s}, drain: {s} }}

impl Pe {{
    fn cycle(&mut self, inputs: Inputs) {{
        self.drain = if inputs.done {{ self.sum }} else {{ inputs.drain }};  // {drain}
        if inputs.begin {{ self.sum = 0; }}
        self.sum = {product};  // {sum}
        self.{act} = inputs.{act};  // {act_now}, goes right
        self.{weight} = inputs.{weight};  // {weight_now}, goes down
    }}
}}
"
            )
    }

    fn in_software(&self, sum: &str, left: &str, above: &str) -> String {
        let to = self.dtypes[2];
        format!("{sum} + {left} as {to} * {above} as {to}")
    }
}

/// Of activations and weights: of the pass at work in the PE, or of the program's first, or what the chip multiplies.
fn dtypes(moment: &Moment) -> [DType; 2] {
    let at = moment.frame.at(moment.selected.0, moment.selected.1);
    let here = moment.view.passes.get(moment.frame.pass[at] as usize).or(moment.view.passes.first());
    let buffers = here.map(|pass| [pass.streamed.buffer(), pass.tile.buffer()]);
    let of_pass = buffers.map(|both| both.map(|buffer| moment.program.buffers[buffer].dtype));
    let ordered = of_pass.map(|[left, above]| match moment.chip.dataflow {
        Dataflow::InputStationary => [above, left],
        _ => [left, above],
    });
    let of_program = || {
        let multiplies = |work: &Work| match work {
            Work::Multiply { streamed, tile, .. } => {
                Some([moment.program.buffers[streamed.buffer()].dtype, *tile])
            }
            _ => None,
        };
        moment.program.instructions.iter().find_map(|(_, instruction)| multiplies(&instruction.work))
    };
    let of_chip = || moment.chip.rates.alike().next().map_or([DType::I8; 2], |dtype| [dtype; 2]);
    ordered.or_else(of_program).unwrap_or_else(of_chip)
}
