//! The facts tree as CEL sees it: read in place, and every read recorded.
//!
//! The record is the report's reasoning table; an absent key is CEL's own "no such key", which is
//! what makes a condition unknown.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as CelIterator, Sizer};
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelNull, CelString, CelUInt, LIST_TYPE, MAP_TYPE, Type,
};
use cel::common::value::{CowVal, Val};
use serde_json::Value;

/// A fact that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    /// Path in the tree.
    pub(crate) path: String,
    /// As the rule writes it.
    pub(crate) name: String,
    /// Its value; for a list or an object, how many elements it has.
    pub(crate) value: Option<Value>,
    /// A list or an object on the way to the fact.
    inner: bool,
}

/// What a test has read, in order.
#[derive(Default)]
pub(crate) struct Log {
    reads: Mutex<Vec<Read>>,
}

impl Log {
    fn push(&self, read: Read) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        if !reads.contains(&read) {
            reads.push(read);
        }
    }

    /// The reads since the last call, without those that only led to another.
    pub(crate) fn take(&self) -> Vec<Read> {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *reads);
        let leads = |r: &Read| {
            all.iter().any(|o| {
                o.path.strip_prefix(r.path.as_str()).is_some_and(|rest| rest.starts_with('.'))
            })
        };
        all.iter().filter(|r| !(r.inner && leads(r))).cloned().collect()
    }
}

/// An object or list of the tree.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    path: String,
    name: String,
    log: &'a Log,
    elements: Elements<'a>,
}

/// The elements of a list, made when a macro first walks over them.
#[derive(Default)]
struct Elements<'a>(OnceLock<Vec<Box<dyn Val + 'a>>>);

impl Clone for Elements<'_> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The CEL value of a fact. Objects and lists stay where they are.
pub(crate) fn value<'a>(
    value: &'a Value,
    path: String,
    name: String,
    log: &'a Log,
) -> Box<dyn Val + 'a> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(b) => Box::new(CelBool::from(*b)),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Box::new(CelInt::from(i)),
            (None, Some(u)) => Box::new(CelUInt::from(u)),
            (None, None) => Box::new(CelDouble::from(n.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(s) => Box::new(CelString::from(s.as_str())),
        Value::Array(_) | Value::Object(_) => {
            Box::new(Node { value, path, name, log, elements: Elements::default() })
        }
    }
}

impl<'a> Node<'a> {
    fn child(&self, key: &str, indexed: bool) -> (Option<&'a Value>, Read) {
        let child = match self.value {
            Value::Object(map) => map.get(key).filter(|v| !v.is_null()),
            Value::Array(list) => key.parse::<usize>().ok().and_then(|i| list.get(i)),
            _ => None,
        };
        let name = match (indexed, self.value) {
            (true, Value::Array(_)) => format!("{}[{key}]", self.name),
            (true, _) => format!("{}[\"{key}\"]", self.name),
            (false, _) => format!("{}.{key}", self.name),
        };
        let (value, inner) = match child {
            Some(Value::Array(l)) => (Some(elements(l.len())), true),
            Some(Value::Object(m)) => (Some(elements(m.len())), true),
            other => (other.cloned(), false),
        };
        (child, Read { path: format!("{}.{key}", self.path), name, value, inner })
    }

    fn len(&self) -> usize {
        match self.value {
            Value::Array(l) => l.len(),
            Value::Object(m) => m.len(),
            _ => 0,
        }
    }

    fn elements(&self) -> &[Box<dyn Val + 'a>] {
        self.elements.0.get_or_init(|| match self.value {
            Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(i, v)| {
                    let path = format!("{}.{i}", self.path);
                    value(v, path, format!("{}[{i}]", self.name), self.log)
                })
                .collect(),
            Value::Object(map) => map
                .keys()
                .map(|k| Box::new(CelString::from(k.as_str())) as Box<dyn Val + 'a>)
                .collect(),
            _ => Vec::new(),
        })
    }
}

fn elements(n: usize) -> Value {
    Value::String(if n == 1 { "1 element".to_owned() } else { format!("{n} elements") })
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl Val for Node<'_> {
    fn get_type(&self) -> &Type {
        if self.value.is_array() { &LIST_TYPE } else { &MAP_TYPE }
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}

impl Indexer for Node<'_> {
    fn get<'b, 'v>(&'b self, idx: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let (key, indexed) = match (idx.downcast_ref::<CelString>(), idx.downcast_ref::<CelInt>()) {
            (Some(s), _) => (s.inner().to_owned(), s.inner().contains('.')),
            (None, Some(i)) => (i.inner().to_string(), true),
            (None, None) => return Err(ExecutionError::no_such_key("")),
        };
        let (child, read) = self.child(&key, indexed);
        let (path, name) = (read.path.clone(), read.name.clone());
        self.log.push(read);
        match child {
            Some(v) => Ok(CowVal::Owned(value(v, path, name, self.log))),
            None => Err(ExecutionError::no_such_key(&path)),
        }
    }

    fn steal<'v>(self: Box<Self>, idx: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(idx).map(CowVal::into_owned)
    }
}

impl Container for Node<'_> {
    fn contains(&self, sought: &dyn Val) -> Result<bool, ExecutionError> {
        match (self.value, sought.downcast_ref::<CelString>()) {
            (Value::Object(_), Some(key)) => {
                let (child, read) = self.child(key.inner(), true);
                self.log.push(read);
                Ok(child.is_some())
            }
            (Value::Array(_), _) => Ok(self.elements().iter().any(|e| e.equals(sought))),
            _ => Ok(false),
        }
    }
}

impl Sizer for Node<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.len()).unwrap_or(i64::MAX))
    }
}

impl Iterable for Node<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn CelIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Walk(self.elements().iter()))
    }
}

struct Walk<'b, 'a>(std::slice::Iter<'b, Box<dyn Val + 'a>>);

impl<'b, 'v, 'a: 'v> CelIterator<'b, 'v> for Walk<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|element| &**element as &'b (dyn Val + 'v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::condition::context;
    use serde_json::json;

    fn run(condition: &str) -> (Result<cel::Value, ExecutionError>, Vec<Read>) {
        let tree = json!({
            "list": [{"n": 1, "s": "a"}, {"n": 2}], "half": 0.5, "names": ["x", "y"],
            "map": {"vm.swappiness": "60"}, "empty": [],
        });
        let log = Log::default();
        let mut cx = context();
        let node = value(&tree, "top".to_owned(), "top".to_owned(), &log);
        cx.add_variable_as_val("top", node);
        let result = cel::Program::compile(condition).unwrap().execute(&cx);
        let reads = log.take();
        (result, reads)
    }

    #[test]
    fn values_are_read_in_place_and_recorded() {
        for condition in [
            "top.half < 1 && top.list[1].n == 2",
            "top.list.exists(e, e.n > 1)",
            "'x' in top.names && !('z' in top.names)",
            "'vm.swappiness' in top.map && top.map['vm.swappiness'] == '60'",
            "size(top.list) == 2 && top.empty.size() == 0",
            "max(top.list[0].n, 2.5) == 2.5 && min(3, 1) == 1",
            "top.list.filter(e, has(e.s)).size() == 1",
            "has(top.half) && !has(top.nothing)",
            "top.list.map(e, e.n) == [1, 2]",
        ] {
            assert_eq!(run(condition).0, Ok(cel::Value::Bool(true)), "{condition}");
        }
        let (_, reads) = run("top.list.exists(e, e.n > 1)");
        let paths: Vec<&str> = reads.iter().map(|r| r.path.as_str()).collect();
        assert_eq!(paths, ["top.list.0.n", "top.list.1.n"]);
        assert_eq!(reads.last().map(|r| r.name.as_str()), Some("top.list[1].n"));
        let (_, reads) = run("size(top.list) > 9");
        assert_eq!(reads.first().and_then(|r| r.value.clone()), Some(json!("2 elements")));
    }

    #[test]
    fn an_absent_key_is_no_value_and_is_recorded() {
        let (result, reads) = run("top.list[1].s == 'a'");
        assert_eq!(result, Err(ExecutionError::no_such_key("top.list.1.s")));
        assert_eq!(
            reads.last().map(|r| (r.path.as_str(), r.value.clone())),
            Some(("top.list.1.s", None))
        );
        assert!(run("top.list[7].n == 1").0.is_err());
        assert!(matches!(
            run("top.list.exists(e, e.s == 'q')").0,
            Err(ExecutionError::NoSuchKey(_))
        ));
    }
}
