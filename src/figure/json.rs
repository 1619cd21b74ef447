//! JSON as text, by hand: in the module there is no library for it.

use std::fmt::Write;

/// A string of JSON, whatever the text says.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            // Writing to a string cannot fail.
            _ if letter.is_control() => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A number with at most three places behind the point, as short as it goes.
pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// An object, key by key.
#[derive(Default)]
pub struct Object(String);

impl Object {
    /// A key with a value that is JSON already.
    pub fn with(mut self, key: &str, value: impl std::fmt::Display) -> Object {
        let comma = if self.0.is_empty() { "" } else { "," };
        let _ = write!(self.0, "{comma}{}:{value}", quoted(key));
        self
    }

    /// A key with a text.
    pub fn text(self, key: &str, value: &str) -> Object {
        self.with(key, quoted(value))
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        let all: String =
            (0..0x300).filter_map(char::from_u32).chain("測😀\u{2028}</script>".chars()).collect();
        let back: String = serde_json::from_str(&quoted(&all)).unwrap();
        assert_eq!(back, all);
        let object = Object::default().text("a\"b", "c\nd").with("n", rounded(1.0 / 3.0));
        assert_eq!(object.to_string(), r#"{"a\"b":"c\u000ad","n":0.333}"#);
    }
}
