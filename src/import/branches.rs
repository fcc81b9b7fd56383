//! Where a path divides and both parts are computed on: a Residual block adds its input as it is, so what stands on the shorter part,
//! the shortcut, cannot be expressed.

use std::collections::{HashMap, HashSet};

use super::file::File;
use super::node::Node;
use super::nodes::computes;

/// The names of the first outputs of the nodes on shortcuts; of each shortcut the first stands in the second set too.
#[derive(Default)]
pub struct Shortcuts {
    all: HashSet<String>,
    first: HashSet<String>,
}

impl Shortcuts {
    /// Those of all sums of two branches.
    pub fn of(file: &File) -> Self {
        let producers: HashMap<&str, &Node> =
            file.nodes.iter().flat_map(|node| node.outputs.iter().map(move |name| (&**name, node))).collect();
        let mut found = Self::default();
        for node in file.nodes.iter().filter(|node| node.kind == "Add") {
            let [a, b] = &node.inputs[..] else { continue };
            let (a, b) = (path(file, &producers, a), path(file, &producers, b));
            let of_a: HashSet<&str> = a.iter().map(|(name, _)| *name).collect();
            let Some(fork) = b.iter().map(|(name, _)| *name).find(|name| of_a.contains(name)) else { continue };
            let (a, b) = (branch(&a, fork), branch(&b, fork));
            let shorter = if a.len() < b.len() { a } else { b };
            found.first.extend(shorter.last().and_then(|node| node.outputs.first()).cloned());
            found.all.extend(shorter.iter().filter_map(|node| node.outputs.first()).cloned());
        }
        found
    }

    /// Whether a node stands on a shortcut.
    pub fn has(&self, node: &Node) -> bool {
        node.outputs.first().is_some_and(|name| self.all.contains(name))
    }

    /// Whether it is the first there.
    pub fn begins_with(&self, node: &Node) -> bool {
        node.outputs.first().is_some_and(|name| self.first.contains(name))
    }
}

/// The arrays from this one back to the input, each with the node that gives it.
fn path<'a>(file: &File, producers: &HashMap<&'a str, &'a Node>, from: &'a str) -> Vec<(&'a str, Option<&'a Node>)> {
    let (mut path, mut name) = (Vec::new(), from);
    while path.len() <= file.nodes.len() {
        let node = producers.get(name).copied();
        path.push((name, node));
        let is_computed = |name: &&String| !name.is_empty() && !file.constants.contains_key(&**name);
        let Some(before) = node.and_then(|node| node.inputs.iter().find(is_computed)) else { break };
        name = before;
    }
    path
}

/// The nodes of a path up to a fork that compute something.
fn branch<'a>(path: &[(&'a str, Option<&'a Node>)], fork: &str) -> Vec<&'a Node> {
    let until = path.iter().take_while(|(name, _)| *name != fork);
    until.filter_map(|(_, node)| *node).filter(|node| computes(&node.kind)).collect()
}
