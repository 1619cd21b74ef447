//! A program that works on more at once: its batch, in the text.

use crate::base::Span;
use crate::lang::{Ast, Declaration, ExprKind, StatementKind, Storage};

/// A batch, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// How much there is of it.
    pub size: u64,
    /// Its numbers in the text.
    numbers: Vec<Span>,
    /// `= load("...")` of what would be larger than its file.
    loads: Vec<Span>,
}

impl Batch {
    /// What may be the batch, the likeliest first: a size of that name, else the first extent of all inputs, else that of the first
    /// one. Whether it is, shows when the program is checked again.
    pub fn find(ast: &Ast) -> Vec<Batch> {
        let sizes = || ast.statements.iter().filter_map(|statement| size(ast, &statement.kind));
        let inputs: Vec<&Declaration> = ast.statements.iter().filter_map(|it| input(&it.kind)).collect();
        let named = |name: &str| sizes().find(|(known, ..)| *known == name);
        if let Some((name, size, number)) = named("batch") {
            return vec![Batch { size, numbers: vec![number], loads: loads(ast, name) }];
        }
        let mut found: Vec<Batch> = Vec::new();
        for some in [&inputs[..], &inputs[..inputs.len().min(1)]] {
            let firsts: Option<Vec<(u64, Span)>> = some.iter().map(|input| first(ast, input)).collect();
            let Some(firsts) = firsts.filter(|firsts| !firsts.is_empty()) else { continue };
            let size = firsts[0].0;
            let loads = some.iter().filter_map(|input| load(input)).collect();
            let batch = Batch { size, numbers: firsts.iter().map(|(_, span)| *span).collect(), loads };
            if firsts.iter().all(|(other, _)| *other == size) && !found.contains(&batch) {
                found.push(batch);
            }
        }
        let by_name = inputs.first().and_then(|input| match &ast.exprs[input.ty.dims.first()?.value].kind {
            ExprKind::Name(name) => named(name),
            _ => None,
        });
        found.extend(by_name.map(|(name, size, number)| Batch {
            size,
            numbers: vec![number],
            loads: loads(ast, name),
        }));
        found
    }

    /// Whether something that is loaded is made from its name when the batch is another.
    pub fn unloads(&self) -> bool {
        !self.loads.is_empty()
    }

    /// The text with another batch.
    pub fn resized(&self, text: &str, size: u64) -> String {
        let numbers = self.numbers.iter().map(|span| (*span, size.to_string()));
        let loads = self.loads.iter().map(|span| (*span, String::new()));
        super::rewrite::replaced(text, numbers.chain(loads).collect())
    }
}

/// A size that is a number: its name, the number, and where it stands.
fn size<'a>(ast: &Ast, statement: &'a StatementKind) -> Option<(&'a str, u64, Span)> {
    let StatementKind::Size { name, value } = statement else { return None };
    let expr = &ast.exprs[*value];
    match expr.kind {
        ExprKind::Number(number) => Some((&name.text, u64::try_from(number).ok()?, expr.span)),
        _ => None,
    }
}

fn input(statement: &StatementKind) -> Option<&Declaration> {
    match statement {
        StatementKind::Declare(declaration) if declaration.storage == Storage::Input => Some(declaration),
        _ => None,
    }
}

/// An input's first extent, if it is a number.
fn first(ast: &Ast, input: &Declaration) -> Option<(u64, Span)> {
    let expr = &ast.exprs[input.ty.dims.first()?.value];
    match expr.kind {
        ExprKind::Number(number) => Some((u64::try_from(number).ok()?, expr.span)),
        _ => None,
    }
}

/// `= load("...")` of every input whose shape asks for a size by name.
fn loads(ast: &Ast, name: &str) -> Vec<Span> {
    let asks = |input: &&Declaration| {
        let exprs = ast.exprs.iter();
        let within = |span: Span| input.ty.span.start <= span.start && span.end <= input.ty.span.end;
        exprs
            .into_iter()
            .any(|(_, expr)| within(expr.span) && matches!(&expr.kind, ExprKind::Name(it) if it == name))
    };
    let inputs = ast.statements.iter().filter_map(|statement| input(&statement.kind));
    inputs.filter(asks).filter_map(load).collect()
}

/// From behind an input's type to the end of its path's bracket.
fn load(input: &Declaration) -> Option<Span> {
    let path = input.load.as_ref()?;
    let start = input.sparse.map_or(input.ty.span, |sparse| sparse.span).end;
    Some(Span { start, end: path.span.end + 1 })
}
