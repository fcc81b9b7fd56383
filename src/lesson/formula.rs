//! Formulas as cards write them, a small part of LaTeX: read into pieces of text that are raised, lowered or upright.

use std::iter::Peekable;
use std::str::Chars;

/// Where a piece of a formula stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Script {
    /// On the line.
    #[default]
    Normal,
    /// Raised, as an exponent.
    Above,
    /// Lowered, as an index.
    Below,
}

/// A piece of a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its text, in Unicode.
    pub text: String,
    /// Where it stands.
    pub script: Script,
    /// Letters of variables lean; names of functions and numbers stand upright.
    pub is_italic: bool,
}

/// Commands that are one sign. Those between spaces are relations and operators.
const SIGNS: &[(&str, &str)] = &[
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("varepsilon", "ε"),
    ("zeta", "ζ"),
    ("eta", "η"),
    ("theta", "θ"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("nu", "ν"),
    ("xi", "ξ"),
    ("pi", "π"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("phi", "φ"),
    ("varphi", "φ"),
    ("chi", "χ"),
    ("psi", "ψ"),
    ("omega", "ω"),
    ("Gamma", "Γ"),
    ("Delta", "Δ"),
    ("Theta", "Θ"),
    ("Lambda", "Λ"),
    ("Sigma", "Σ"),
    ("Phi", "Φ"),
    ("Psi", "Ψ"),
    ("Omega", "Ω"),
    ("partial", "∂"),
    ("nabla", "∇"),
    ("infty", "∞"),
    ("sum", "Σ"),
    ("prod", "Π"),
    ("int", "∫"),
    ("ldots", "…"),
    ("dots", "…"),
    ("cdots", "⋯"),
    ("ell", "ℓ"),
    ("prime", "′"),
    ("lfloor", "⌊"),
    ("rfloor", "⌋"),
    ("lceil", "⌈"),
    ("rceil", "⌉"),
    ("lVert", "‖"),
    ("rVert", "‖"),
    ("|", "‖"),
    ("{", "{"),
    ("}", "}"),
    ("%", "%"),
    ("$", "$"),
    ("&", "&"),
    ("_", "_"),
    ("#", "#"),
];

/// Relations and operators, which stand between spaces.
const OPERATORS: &[(&str, &str)] = &[
    ("cdot", "·"),
    ("times", "×"),
    ("div", "÷"),
    ("pm", "±"),
    ("le", "≤"),
    ("leq", "≤"),
    ("ge", "≥"),
    ("geq", "≥"),
    ("ne", "≠"),
    ("neq", "≠"),
    ("approx", "≈"),
    ("sim", "∼"),
    ("propto", "∝"),
    ("leftarrow", "←"),
    ("gets", "←"),
    ("rightarrow", "→"),
    ("to", "→"),
    ("Rightarrow", "⇒"),
    ("mapsto", "↦"),
    ("in", "∈"),
    ("odot", "⊙"),
    ("ast", "∗"),
    ("circ", "∘"),
    ("mid", "|"),
    ("ll", "≪"),
    ("gg", "≫"),
];

/// Functions, which stand upright.
const FUNCTIONS: &[&str] = &[
    "log", "ln", "exp", "max", "min", "sin", "cos", "tan", "tanh", "arg", "argmax", "argmin", "softmax", "det", "lim",
    "Pr",
];

/// What stands over a letter.
const ACCENTS: &[(&str, char)] = &[
    ("hat", '\u{302}'),
    ("bar", '\u{304}'),
    ("overline", '\u{304}'),
    ("tilde", '\u{303}'),
    ("vec", '\u{20d7}'),
    ("dot", '\u{307}'),
];

/// Letters with a hat or a bar that have a sign of their own, which more fonts have.
const COMPOSED: &[(&str, &str)] = &[
    ("y\u{302}", "ŷ"),
    ("a\u{302}", "â"),
    ("e\u{302}", "ê"),
    ("w\u{302}", "ŵ"),
    ("g\u{302}", "ĝ"),
    ("h\u{302}", "ĥ"),
    ("y\u{304}", "ȳ"),
    ("e\u{304}", "ē"),
    ("a\u{304}", "ā"),
    ("g\u{304}", "ḡ"),
    ("n\u{303}", "ñ"),
];

/// Commands with an argument whose letters stand upright.
const UPRIGHT: &[&str] =
    &["text", "mathrm", "operatorname", "mathbf", "textbf", "mathit", "mathcal", "textit", "mathbb"];

/// Commands without a meaning here.
const SILENT: &[&str] = &["left", "right", "big", "Big", "bigl", "bigr", "displaystyle", "limits", "!"];

/// Commands that are a space.
const SPACES: &[&str] = &[",", ";", ":", " ", "quad", "qquad"];

/// Reads a formula; the error names what is not known.
pub fn read(latex: &str) -> Result<Vec<Piece>, String> {
    let mut reader = Reader { letters: latex.chars().peekable(), pieces: Vec::new(), script: Script::Normal };
    reader.group(None)?;
    if let Some(last) = reader.pieces.last_mut() {
        last.text.truncate(last.text.trim_end().len());
    }
    Ok(reader.pieces)
}

/// The formula in one line, as a screen reader says it.
pub fn line(pieces: &[Piece]) -> String {
    scripted_line(pieces.iter().map(|piece| (piece.script, piece.text.as_str())))
}

/// Pieces in one line, with a sign before what is raised or lowered.
pub fn scripted_line<'a>(pieces: impl Iterator<Item = (Script, &'a str)>) -> String {
    let (mut line, mut before) = (String::new(), Script::Normal);
    for (script, text) in pieces {
        match script {
            Script::Above if before != script => line.push('^'),
            Script::Below if before != script => line.push('_'),
            _ => {}
        }
        line.push_str(text);
        before = script;
    }
    line
}

struct Reader<'a> {
    letters: Peekable<Chars<'a>>,
    pieces: Vec<Piece>,
    script: Script,
}

impl Reader<'_> {
    /// To the end, or to the brace that ends a group.
    fn group(&mut self, end: Option<char>) -> Result<(), String> {
        loop {
            match self.letters.next() {
                None if end.is_none() => return Ok(()),
                None => return Err("a brace { is not closed".to_owned()),
                Some(letter) if Some(letter) == end => return Ok(()),
                Some(letter) => self.letter(letter)?,
            }
        }
    }

    fn letter(&mut self, letter: char) -> Result<(), String> {
        match letter {
            '{' => self.group(Some('}'))?,
            '}' => return Err("a brace } closes nothing".to_owned()),
            '^' => self.scripted(Script::Above)?,
            '_' => self.scripted(Script::Below)?,
            '\\' => self.command()?,
            ' ' | '~' | '\n' => {}
            '-' => self.minus(),
            '=' | '+' | '<' | '>' => self.operator(&letter.to_string()),
            ',' | ';' => self.push(&format!("{letter} "), false),
            '*' => self.operator("∗"),
            '\'' => self.push("′", false),
            letter => self.push(&letter.to_string(), letter.is_alphabetic()),
        }
        Ok(())
    }

    /// Between two terms it is an operator, and elsewhere a sign.
    fn minus(&mut self) {
        // What is raised or lowered belongs to a term on the line.
        let before = self.pieces.last().filter(|piece| self.script == Script::Normal || piece.script == self.script);
        let ends = before.and_then(|piece| piece.text.chars().next_back());
        match ends {
            Some(letter) if !letter.is_whitespace() && !"([|".contains(letter) => self.operator("−"),
            _ => self.push("−", false),
        }
    }

    /// With a space at each side, of which there may be one already. In an index there is no room.
    fn operator(&mut self, sign: &str) {
        if self.script != Script::Normal {
            return self.push(sign, false);
        }
        let has_space = self.pieces.last().is_none_or(|piece| piece.text.ends_with(' '));
        self.push(&format!("{}{sign} ", if has_space { "" } else { " " }), false);
    }

    fn push(&mut self, text: &str, is_italic: bool) {
        match self.pieces.last_mut() {
            Some(last) if last.script == self.script && last.is_italic == is_italic => last.text.push_str(text),
            _ => self.pieces.push(Piece { text: text.to_owned(), script: self.script, is_italic }),
        }
    }

    fn scripted(&mut self, script: Script) -> Result<(), String> {
        let before = self.script;
        // An index of an exponent stays in the exponent.
        if before == Script::Normal {
            self.script = script;
        }
        let read = self.argument();
        self.script = before;
        read
    }

    /// What a command or an index is about: a group, a command or a letter.
    fn argument(&mut self) -> Result<(), String> {
        while self.letters.next_if_eq(&' ').is_some() {}
        match self.letters.next() {
            Some(letter) => self.letter(letter),
            None => Err("something is missing at the end".to_owned()),
        }
    }

    /// The pieces of an argument.
    fn taken(&mut self) -> Result<Vec<Piece>, String> {
        let before = std::mem::take(&mut self.pieces);
        let read = self.argument();
        let taken = std::mem::replace(&mut self.pieces, before);
        read.map(|()| taken)
    }

    fn command(&mut self) -> Result<(), String> {
        let mut name = String::new();
        while let Some(letter) = self.letters.next_if(char::is_ascii_alphabetic) {
            name.push(letter);
        }
        if name.is_empty() {
            name.extend(self.letters.next());
        }
        let sign = |list: &[(&str, &'static str)]| list.iter().find(|(of, _)| *of == name).map(|(_, sign)| *sign);
        if let Some(sign) = sign(SIGNS) {
            self.push(sign, sign.chars().all(|letter| letter.is_lowercase()));
        } else if let Some(sign) = sign(OPERATORS) {
            self.operator(sign);
        } else if FUNCTIONS.contains(&name.as_str()) {
            self.push(&name, false);
            // `log x` needs a space, and `log(x)` does not.
            while self.letters.next_if_eq(&' ').is_some() {}
            if self.letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '\\') {
                self.push(" ", false);
            }
        } else if let Some((_, accent)) = ACCENTS.iter().find(|(of, _)| *of == name) {
            let mut text = line(&self.taken()?);
            text.push(*accent);
            let composed = COMPOSED.iter().find(|(long, _)| *long == text).map(|(_, short)| *short);
            self.push(composed.unwrap_or(&text), true);
        } else if UPRIGHT.contains(&name.as_str()) {
            let text = self.words();
            self.push(&text, false);
        } else if SPACES.contains(&name.as_str()) {
            self.push(" ", false);
        } else if name == "frac" || name == "tfrac" || name == "dfrac" {
            let (above, below) = (self.taken()?, self.taken()?);
            self.enclosed(above);
            self.push("/", false);
            self.enclosed(below);
        } else if name == "sqrt" {
            self.push("√", false);
            let under = self.taken()?;
            self.enclosed(under);
        } else if !SILENT.contains(&name.as_str()) {
            return Err(format!("\\{name} is not known"));
        }
        Ok(())
    }

    /// The letters between two braces as they are.
    fn words(&mut self) -> String {
        while self.letters.next_if_eq(&' ').is_some() {}
        match self.letters.next() {
            Some('{') => self.letters.by_ref().take_while(|letter| *letter != '}').collect(),
            letter => letter.map(String::from).unwrap_or_default(),
        }
    }

    /// Pieces in parentheses, unless they are one term.
    fn enclosed(&mut self, pieces: Vec<Piece>) {
        let is_one = !pieces.iter().any(|piece| piece.script == self.script && piece.text.contains([' ', '/', '−']));
        if !is_one {
            self.push("(", false);
        }
        for Piece { text, script, is_italic } in pieces {
            let before = std::mem::replace(&mut self.script, script);
            self.push(&text, is_italic);
            self.script = before;
        }
        if !is_one {
            self.push(")", false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_read() {
        let text = |latex: &str| read(latex).map(|pieces| line(&pieces));
        for (latex, expected) in [
            (r"w \leftarrow w - \eta\, g", "w ← w − η g"),
            (r"\hat{y} = \sigma(w x + b)", "ŷ = σ(wx + b)"),
            (r"\frac{1}{n} \sum_{i=1}^{n} (y_i - \hat y_i)^2", "1/nΣ_i=1^n(y_i − ŷ_i)^2"),
            (r"\frac{\partial L}{\partial w}", "∂L/∂w"),
            (r"\frac{a + b}{2}", "(a + b)/2"),
            (r"-\log p_k", "−log p_k"),
            (r"e^{-x}", "e^−x"),
            (r"\sqrt{v} + \epsilon", "√v + ε"),
            (r"\text{loss} \le 0.5", "loss ≤ 0.5"),
            (r"\max(0, x)", "max(0, x)"),
            (r"3 \times 3 \cdot 8", "3 × 3 · 8"),
        ] {
            assert_eq!(text(latex).as_deref(), Ok(expected), "{latex}");
        }
        for (latex, expected) in
            [(r"\fraction{1}", "\\fraction is not known"), ("{a", "not closed"), ("a}", "closes"), ("a^", "missing")]
        {
            assert!(text(latex).unwrap_err().contains(expected), "{latex}");
        }
        let pieces = read(r"\eta\cdot 2").unwrap();
        assert!(pieces[0].is_italic && !pieces[1].is_italic);
    }
}
