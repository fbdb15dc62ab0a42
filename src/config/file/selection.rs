//! `run --table`: which of a config's table pairs were meant.

use super::nearest::nearest;
use super::overrides::TableChoice;
use crate::config::TableRequest;
use crate::error::{Error, Result};

/// The pairs of the config that were chosen, in the config's order; all of them where nothing was chosen.
pub fn select(configured: Vec<TableRequest>, choices: &[TableChoice]) -> Result<Vec<TableRequest>> {
    if choices.is_empty() {
        return Ok(configured);
    }
    let mut chosen = vec![false; configured.len()];
    for choice in choices {
        for position in find(&configured, choice)? {
            chosen[position] = true;
        }
    }
    Ok(configured.into_iter().zip(chosen).filter_map(|(request, chosen)| chosen.then_some(request)).collect())
}

/// Two names for the same thing, or not.
type Meets = fn(&str, &str) -> bool;

/// How a name may meet, the strictest first, as INTERFACE.md has it for all names.
const LEVELS: [Meets; 4] = [
    |configured, asked| configured == asked,
    |configured, asked| without_schema(configured) == asked,
    |configured, asked| fold(configured) == fold(asked) || fold(without_schema(configured)) == fold(asked),
    |configured, asked| bare(configured) == bare(asked) || bare(without_schema(configured)) == bare(asked),
];

fn find(configured: &[TableRequest], choice: &TableChoice) -> Result<Vec<usize>> {
    for (level, meets) in LEVELS.iter().enumerate() {
        let hits: Vec<usize> =
            (0..configured.len()).filter(|&position| is_meant(&configured[position], choice, *meets)).collect();
        if hits.len() > 1 && level > 0 {
            let names: Vec<String> = hits.iter().map(|&position| pair_name(&configured[position])).collect();
            return Err(Error::usage(format!("--table {} may mean {}", shown(choice), names.join(" or ")))
                .hint("write the name as the config does"));
        }
        if !hits.is_empty() {
            return Ok(hits);
        }
    }
    let known: Vec<&str> = configured.iter().flat_map(|r| [r.names.source.as_str(), r.names.target.as_str()]).collect();
    let near = nearest(&choice.source, known.iter().copied());
    let listed = if near.is_empty() { known } else { near };
    let mut listed: Vec<String> = listed.into_iter().map(|name| format!("{name:?}")).collect();
    listed.sort();
    listed.dedup();
    listed.truncate(12);
    Err(Error::usage(format!("the config has no table pair {}", shown(choice)))
        .hint(format!("the nearest names in the config are {}", listed.join(", "))))
}

fn is_meant(request: &TableRequest, choice: &TableChoice, meets: Meets) -> bool {
    let source = meets(&request.names.source, &choice.source);
    match &choice.target {
        Some(target) => source && meets(&request.names.target, target),
        None => source || meets(&request.names.target, &choice.source),
    }
}

fn pair_name(request: &TableRequest) -> String {
    format!("\"{}={}\"", request.names.source, request.names.target)
}

fn shown(choice: &TableChoice) -> String {
    match &choice.target {
        Some(target) => format!("\"{}={target}\"", choice.source),
        None => format!("{:?}", choice.source),
    }
}

fn without_schema(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, bare)| bare)
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

fn bare(name: &str) -> String {
    fold(name).replace('_', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pair;

    fn config() -> Vec<TableRequest> {
        [
            ("public.orders", "Orders"),
            ("order_lines", "OrderLines"),
            ("archive.items", "items"),
            ("old.items", "items2"),
        ]
        .map(|(source, target)| TableRequest {
            names: Pair::new(source.into(), target.into()),
            ..TableRequest::default()
        })
        .into()
    }

    fn chosen(text: &str) -> Result<Vec<String>> {
        let selected = select(config(), &[text.parse().unwrap()])?;
        Ok(selected.into_iter().map(|r| r.names.source).collect())
    }

    #[test]
    fn a_pair_is_found_by_either_name_exact_or_not() {
        assert_eq!(chosen("Orders").unwrap(), ["public.orders"]);
        assert_eq!(chosen("orders").unwrap(), ["public.orders"]);
        assert_eq!(chosen("orderlines").unwrap(), ["order_lines"]);
        assert_eq!(chosen("orders=Orders").unwrap(), ["public.orders"]);
        assert_eq!(select(config(), &[]).unwrap().len(), 4);
    }

    #[test]
    fn an_unknown_table_names_the_nearest() {
        let error = chosen("ordrs").unwrap_err();
        assert!(error.to_string().contains("ordrs"));
        assert!(error.advice().unwrap().contains("public.orders"), "{:?}", error.advice());
        assert!(chosen("orders=items").is_err());
    }

    #[test]
    fn two_candidates_are_an_error_that_lists_both() {
        let error = chosen("Items").unwrap_err().to_string();
        assert!(error.contains("archive.items") && error.contains("old.items"), "{error}");
    }

    #[test]
    fn a_selection_keeps_the_order_of_the_config() {
        let choices = ["items", "orders"].map(|text| text.parse().unwrap());
        let names: Vec<_> = select(config(), &choices).unwrap().into_iter().map(|r| r.names.source).collect();
        assert_eq!(names, ["public.orders", "archive.items"]);
    }
}
