//! The tree as rules see it: absent is absent, never null.

use serde_json::Value;

/// Removes every null, whatever its depth.
pub(crate) fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, v| !v.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Removes the list or table at `path` if it is empty: what could not be seen is not the same as
/// nothing.
pub(crate) fn remove_empty(value: &mut Value, path: &str) {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (at(value, parent), name),
        None => (Some(value), path),
    };
    let Some(Value::Object(fields)) = parent else { return };
    let empty = match fields.get(name) {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(inner)) => inner.is_empty(),
        _ => false,
    };
    if empty {
        fields.remove(name);
    }
}

fn at<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(fields) => fields.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nulls_go_and_empty_lists_only_where_told() {
        let mut v = json!({"a": null, "b": [{"c": null, "d": []}], "e": {}, "f": [], "g": [1]});
        without_nulls(&mut v);
        for path in ["b.0.d", "e", "g", "x.y", "b.7.d"] {
            remove_empty(&mut v, path);
        }
        assert_eq!(v, json!({"b": [{}], "f": [], "g": [1]}));
    }
}
