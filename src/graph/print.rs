//! A graph as text, one operator a line.

use std::fmt;

use super::ir::{Graph, Source, TensorId};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |tensor: &TensorId| format!("%{}", tensor.index());
        for (id, tensor) in self.tensors.iter() {
            let what = match &tensor.source {
                Source::Input(_) => "input".to_owned(),
                Source::Weight(_) => "weight".to_owned(),
                Source::Constant(number) => format!("constant {number}"),
                Source::Carried(..) => "carried".to_owned(),
                Source::Op(op, _) => {
                    let operands: Vec<String> = self.ops[*op].operands.iter().map(name).collect();
                    format!("{} {}", self.ops[*op].kind.name(), operands.join(" "))
                }
            };
            writeln!(f, "{} : {} = {what} # {}", name(&id), tensor.ty, tensor.name)?;
        }
        let outputs: Vec<String> = self.outputs.iter().map(|o| format!("%{}", o.tensor.index())).collect();
        writeln!(f, "output {}", outputs.join(", "))
    }
}
