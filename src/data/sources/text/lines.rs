//! Lines, each a sample of its own: a name, a sum.

use rand::seq::SliceRandom as _;

use super::{MAX_CONTEXT, MIN_SAMPLES, TEXT};
use crate::data::dataset::{Dataset, Feature, Task, TextFeature};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::split::Order;
use crate::data::tokenizer::{PADDING, Tokenizer};
use backprop_nn::MASKED;
use backprop_nn::Shape;
use backprop_nn::init::stream;

const PURPOSE: u64 = 0x11_4E5;

/// The longest line that is read whole unless somebody says how many tokens of it to read.
const MOST: usize = 256;

/// A line: what is given of it, and what the network is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The question and the answer; there need not be a question.
    pub question: String,
    /// What the network is to write after it.
    pub answer: String,
}

impl Line {
    /// A line without a question.
    pub fn of(text: &str) -> Self {
        Self { question: String::new(), answer: text.to_owned() }
    }
}

/// How lines become samples.
pub struct Lines {
    pub tokenizer: Tokenizer,
    /// Tokens of a sample; as many as the longest line has where nothing is said.
    pub context: Option<usize>,
    pub test_share: f32,
}

impl Lines {
    /// Every line between two line ends: the network reads the first of these and the line, and is asked for each token of the
    /// answer and the last line end. A sample is filled up at its end. The test samples are drawn at random.
    pub fn dataset(self, lines: &[Line], notes: &mut Vec<Note>) -> Result<Dataset, Wrong> {
        let Self { tokenizer, context, test_share } = self;
        if lines.len() < MIN_SAMPLES {
            return Err(format!("has {}, and {MIN_SAMPLES} are the least", counted(lines.len(), "line")).into());
        }
        let encoder = tokenizer.encoder();
        let Some(end) = tokenizer.line_end() else {
            return Err(Wrong::new("has no line ends", [Remedy::new("lines", "leave lines out")]));
        };
        let encoded: Vec<[Vec<u16>; 2]> =
            lines.iter().map(|line| [encoder.encode(&line.question), encoder.encode(&line.answer)]).collect();
        let len = |[question, answer]: &[Vec<u16>; 2]| 1 + question.len() + answer.len();
        let longest = encoded.iter().map(len).max().unwrap_or(2);
        let context = context.unwrap_or(longest.clamp(2, MOST)).min(MAX_CONTEXT);
        let cut = encoded.iter().filter(|line| len(line) > context).count();
        if cut > 0 {
            let what =
                format!("{} have more than {context} tokens, and what is beyond is not read", counted(cut, "line"));
            notes.push(Note::or(what, "context", longest.min(MAX_CONTEXT).to_string(), "reads them whole"));
        }
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.shuffle(&mut stream(0, PURPOSE));
        let held = (lines.len() as f32 * test_share) as usize;
        let (test, train) = order.split_at(held);
        let samples = |of: &[usize]| {
            let (mut inputs, mut classes) = (Vec::new(), Vec::new());
            for [question, answer] in of.iter().map(|at| &encoded[*at]) {
                let line: Vec<u16> = [&[end][..], question, answer, &[end]].concat();
                let given = line[..line.len() - 1].iter().copied().chain(std::iter::repeat(PADDING));
                inputs.extend(given.take(context));
                let asked = line[1..].iter().enumerate();
                let asked = asked.map(|(at, token)| if at < question.len() { MASKED } else { *token });
                classes.extend(asked.chain(std::iter::repeat(MASKED)).take(context));
            }
            Samples { inputs: Inputs::Tokens(inputs), targets: TargetData::Steps { steps: context, classes } }
        };
        let (train, test) = (samples(train), samples(test));
        let answers = lines.iter().all(|line| !line.question.is_empty());
        Ok(Dataset {
            name: String::new(),
            shape: Shape::flat(context),
            task: Task::NextToken { steps: context, tokens: tokenizer.len(), answers },
            target: None,
            features: vec![Feature::text(TEXT, TextFeature { tokenizer, length: context })],
            train,
            test,
            notes: Vec::new(),
            order: Order::Free,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tokenizer::TokenUnit;

    #[test]
    fn a_line_is_asked_from_its_answer_to_its_end() {
        let (tokenizer, _) = Tokenizer::learn(TokenUnit::Character, ["1+=2\n"], 10);
        let lines = vec![Line { question: "1+1=".to_owned(), answer: "2".to_owned() }; 5];
        let mut notes = Vec::new();
        let Dataset { train, shape, .. } =
            Lines { tokenizer: tokenizer.clone(), context: None, test_share: 0.0 }.dataset(&lines, &mut notes).unwrap();
        assert_eq!((train.len(), shape.len(), notes.len()), (5, 6, 0));
        assert_eq!(tokenizer.decode(train.tokens_of(0)), "\n1+1=2");
        let TargetData::Steps { classes, .. } = &train.targets else { panic!() };
        assert_eq!(classes[..4], [MASKED; 4]);
        assert_eq!(tokenizer.decode(&classes[4..6]), "2\n");
    }
}
