//! Changes of a program's text that keep what it computes: parts replaced, other dtypes, tiles said.

use crate::base::Span;
use crate::graph::{Choices, LoopAxis};
use crate::lang::{Ast, Declaration, Parsed, Statement, StatementKind, TokenKind, parse};
use crate::schedule::{Layer, Plan};

/// A text with other parts in place of some; what overlaps an earlier one stays.
pub(super) fn replaced(text: &str, mut parts: Vec<(Span, String)>) -> String {
    parts.sort_by_key(|(span, _)| span.start);
    let (mut whole, mut at) = (String::with_capacity(text.len()), 0);
    for (span, part) in parts {
        let range = span.range();
        if range.start >= at && range.end <= text.len() {
            whole.push_str(&text[at..range.start]);
            whole.push_str(&part);
            at = range.end;
        }
    }
    whole + &text[at..]
}

/// A text with one dtype in place of another, wherever it stands; nothing where files have the first one.
pub(super) fn with_dtype(text: &str, from: &str, to: &str) -> Option<String> {
    let Parsed { ast, tokens, .. } = parse(text);
    let loads = |declaration: &Declaration| declaration.load.is_some() && declaration.ty.dtype.text == from;
    if declarations(&ast.statements).into_iter().any(loads) {
        return None;
    }
    let is = |token: &&crate::lang::Token| token.kind == TokenKind::Name && token.span.of(text) == from;
    let parts: Vec<(Span, String)> = tokens.iter().filter(is).map(|token| (token.span, to.into())).collect();
    (!parts.is_empty()).then(|| replaced(text, parts))
}

/// All declarations, those of functions and repeats too.
fn declarations(statements: &[Statement]) -> Vec<&Declaration> {
    let mut found = Vec::new();
    let mut open: Vec<&[Statement]> = vec![statements];
    while let Some(statements) = open.pop() {
        for statement in statements {
            match &statement.kind {
                StatementKind::Declare(declaration) => found.push(declaration),
                StatementKind::Function(function) => open.push(&function.body),
                StatementKind::Repeat(repeat) => open.push(&repeat.body),
                _ => {}
            }
        }
    }
    found
}

/// A text that says the tiles of `found` where `plan` has others: of values that are products' alone, in lines that say nothing of
/// it yet.
pub(super) fn with_tiles(text: &str, plan: &Plan, found: &Plan) -> Option<String> {
    let Parsed { ast, .. } = parse(text);
    let both = plan.layers.iter().zip(&found.layers);
    let changed: Vec<(Span, String)> = both.filter_map(|pair| tile_part(&ast, plan, pair)).collect();
    (!changed.is_empty()).then(|| replaced(text, changed))
}

fn tile_part(ast: &Ast, plan: &Plan, (layer, found): (&Layer, &Layer)) -> Option<(Span, String)> {
    if layer.choices == found.choices {
        return None;
    }
    let said = said(found.choices.as_deref()?)?;
    let line = |statement: &&Statement| {
        let Span { start, end } = statement.span;
        let free = matches!(&statement.kind, StatementKind::Let { with, .. } if with.is_empty());
        free && (start..=end).contains(&layer.span.start)
    };
    let statement = ast.statements.iter().find(line)?;
    let within = |other: &&Layer| (statement.span.start..=statement.span.end).contains(&other.span.start);
    let alone = plan.layers.iter().filter(within).count() == 1;
    alone.then(|| (statement.span.after(), format!(" with {said}")))
}

/// As behind `with`.
fn said(choices: &Choices) -> Option<String> {
    let [m, n, k] = choices.tile?;
    let letter = |axis: &LoopAxis| match axis {
        LoopAxis::M => 'm',
        LoopAxis::N => 'n',
        LoopAxis::K => 'k',
    };
    let order: String = choices.order?.iter().map(letter).collect();
    Some(format!("tile=[{m}, {n}, {k}], order=\"{order}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_text_change_and_the_rest_stays() {
        let span = |start, end| Span { start, end };
        let parts =
            vec![(span(6, 7), "ß".to_owned()), (span(0, 2), String::new()), (span(1, 3), "lost".into())];
        assert_eq!(replaced("abcdefgh", parts), "cdefßh");
        assert_eq!(replaced("ab", vec![(span(1, 9), "beyond".into())]), "ab");
    }

    #[test]
    fn dtypes_change_where_they_are_words_of_the_program() {
        let text = "# bf16 stays here\ninput x : bf16[4, 4]\ny = cast(x @ x, bf16)\noutput y\n";
        let changed = "# bf16 stays here\ninput x : fp8[4, 4]\ny = cast(x @ x, fp8)\noutput y\n";
        assert_eq!(with_dtype(text, "bf16", "fp8").as_deref(), Some(changed));
        assert_eq!(with_dtype(text, "f32", "bf16"), None);
        let loaded = "fn f(x) {\n    weight w : bf16[4, 4] = load(\"w.npy\")\n    return x @ w\n}\n";
        assert_eq!(with_dtype(loaded, "bf16", "fp8"), None, "a file says which dtype it has");
    }

    #[test]
    fn tiles_are_said_as_a_program_would() {
        let choices = Choices {
            tile: Some([8, 16, 4]),
            order: Some([LoopAxis::N, LoopAxis::M, LoopAxis::K]),
            ..Choices::default()
        };
        assert_eq!(said(&choices).as_deref(), Some("tile=[8, 16, 4], order=\"nmk\""));
        assert_eq!(said(&Choices::default()), None);
    }
}
