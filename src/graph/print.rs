//! A graph as text, one operator a line.

use std::fmt;

use super::ir::{Graph, OpKind, Source, TensorId};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, tensor) in self.tensors.iter() {
            let name = |tensor: TensorId| format!("%{}", tensor.index());
            let what = match &tensor.source {
                Source::Input { .. } => "input".to_owned(),
                Source::Weight { .. } => "weight".to_owned(),
                Source::Op(op) => match self.ops[*op].kind {
                    OpKind::MatMul { a, b } => format!("matmul {} {}", name(a), name(b)),
                    OpKind::Add { a, b } => format!("add {} {}", name(a), name(b)),
                    OpKind::Requant { x, by } => {
                        format!("requant {} scale={} shift={} zero={}", name(x), by.scale, by.shift, by.zero)
                    }
                    OpKind::Relu { x } => format!("relu {}", name(x)),
                    OpKind::ArgMax { x } => format!("argmax {} axis=1", name(x)),
                },
            };
            writeln!(f, "{} : {} = {what} # {}", name(id), tensor.ty, tensor.name)?;
        }
        let outputs: Vec<String> = self.outputs.iter().map(|o| format!("%{}", o.tensor.index())).collect();
        writeln!(f, "output {}", outputs.join(", "))
    }
}
