//! What tensors are called: pieces of one text, put together when somebody asks, so that a tensor more is no text more.

use super::ir::{Graph, TensorId};
use crate::base::{Arena, Id, Span};

/// The text that names are cut from, and the calls that stand before them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    /// Whether it is a program, of which a name may be any piece.
    is_program: bool,
    pub(super) calls: Arena<Call>,
}

/// A call of a function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The call whose lines make this one.
    pub within: Option<Id<Call>>,
    /// The function.
    pub function: Span,
    /// From 1, of all calls of this function in the same lines.
    pub nth: u32,
}

/// A tensor's name.
#[derive(Clone, Copy, Debug, Default)]
pub struct TensorName {
    /// The call whose lines make it.
    pub(super) call: Option<Id<Call>>,
    /// What the user calls it, or the expression; without either it is called as the call.
    pub(super) own: Option<Span>,
}

impl Names {
    /// Of a program, which they are cut from.
    pub(super) fn of(text: &str) -> Names {
        Names { text: text.to_owned(), is_program: true, calls: Arena::default() }
    }

    /// A name for a tensor that no call makes.
    pub(super) fn add(&mut self, name: &str) -> TensorName {
        let start = self.text.len() as u32;
        self.text += name;
        TensorName { call: None, own: Some(Span { start, end: self.text.len() as u32 }) }
    }

    /// A name, behind the calls that it belongs to: `block.layer#2.h`.
    pub(super) fn full(&self, name: TensorName) -> String {
        let mut calls = Vec::new();
        let mut around = name.call;
        while let Some(id) = around {
            calls.push(self.calls[id]);
            around = self.calls[id].within;
        }
        let mut full = String::new();
        for Call { function, nth, .. } in calls.into_iter().rev() {
            full += &shorten(function.of(&self.text));
            if nth > 1 {
                // No other name can be this.
                full += &format!("#{nth}");
            }
            full.push('.');
        }
        match name.own {
            Some(own) if self.is_program => full += &shorten(own.of(&self.text)),
            Some(own) => full += own.of(&self.text),
            None => full.truncate(full.len().saturating_sub(1)),
        }
        full
    }
}

impl Graph {
    /// What a tensor is called: the user's name, or the text of the expression, behind the names of the calls that it belongs
    /// to.
    pub fn name(&self, tensor: TensorId) -> String {
        self.names.full(self.tensors[tensor].name)
    }
}

/// A piece of the program in one line of bounded length; a long one is read only as far as it is shown.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    // Most are short and stand in one line.
    let plain = |pair: &[u8]| pair[0] > b' ' && pair[0].is_ascii() || pair[0] == b' ' && pair[1] > b' ';
    let bytes = text.as_bytes();
    if bytes.len() < MOST && bytes.windows(2).all(plain) && bytes.last().is_none_or(u8::is_ascii_graphic) {
        return text.to_owned();
    }
    let mut line = String::new();
    for (count, c) in text.split_whitespace().flat_map(|word| word.chars().chain([' '])).enumerate() {
        if count >= MOST {
            line.push('…');
            return line;
        }
        line.push(c);
    }
    line.truncate(line.trim_end().len());
    line
}
