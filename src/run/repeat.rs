//! The command that repeats a run, for its report.

use crate::config::{Keep, RunPlan};
use crate::model::{Consistency, FencePlan, Pair, Recheck, SampleSize, Showing, Side, StoreIdentity, TableRequest};
use crate::report::shell;

/// `tieout diff …` with what was asked for; `tieout run` where only a config file can say it.
pub(super) fn repeat_command(plan: &RunPlan, stores: &Pair<StoreIdentity>) -> String {
    let requests = plan.tables.as_deref().unwrap_or(std::slice::from_ref(&plan.defaults));
    let first = requests.first().unwrap_or(&plan.defaults);
    let alike = |one: &TableRequest| {
        one.key == first.key
            && one.ignore == first.ignore
            && one.filters == first.filters
            && one.columns.is_empty()
            && one.more == Pair::default()
            && one.min_age.is_none()
    };
    let only_a_file = !plan.options.groups.is_empty() || plan.options.all_tables || !plan.defaults.columns.is_empty();
    let moving = &plan.options;
    let only_a_file = only_a_file
        || moving.recheck != Recheck::default()
        || moving.fence != FencePlan::default()
        || moving.groups.iter().any(|group| group.request.min_age.is_some())
        || plan.defaults.min_age.is_some();
    let zones = plan.stores.as_ref().map(|store| store.time_zone);
    let values = &plan.options.values;
    if only_a_file
        || !requests.iter().all(alike)
        || !values.columns.is_empty()
        || first.filters.source != first.filters.target
        || zones.source != zones.target
    {
        return "tieout run (with the same config file)".into();
    }
    let mut words = vec!["tieout".into(), "diff".into()];
    words.extend(Side::BOTH.map(|side| stores.get(side).url.clone()));
    for request in plan.tables.iter().flatten() {
        let Pair { source, target } = &request.names;
        words.push("--table".into());
        words.push(if source == target { source.clone() } else { format!("{source}={target}") });
    }
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    };
    option("--key", first.key.as_ref().map(|key| key.join(",")));
    option("--ignore", (!first.ignore.is_empty()).then(|| first.ignore.join(",")));
    // A condition may hold values.
    let condition = |filter: &String| if values.shows_all() { filter.clone() } else { "(withheld)".to_owned() };
    option("--where", first.filters.source.as_ref().map(condition));
    option("--time-zone", zones.source.map(|zone| zone.to_string()));
    if let Some(sampling) = &plan.options.sampling {
        option("--mode", Some("sample".into()));
        let name = if matches!(sampling.size, SampleSize::Share(..)) { "--sample" } else { "--sample-for" };
        option(name, Some(sampling.size.written().to_owned()));
        option("--seed", Some(sampling.seed.to_string()));
    }
    let consistency = plan.options.consistency;
    option("--consistency", (consistency != Consistency::Snapshot).then(|| consistency.name().to_owned()));
    option("--snapshot", (plan.options.keep == Keep::Lean).then(|| "lean".to_owned()));
    let showing = |showing: Showing| (showing != Showing::Show).then(|| showing.name().to_owned());
    option("--values", showing(values.default));
    option("--key-values", showing(values.keys));
    words.extend(plan.options.sampling.iter().filter(|sampling| sampling.escalate).map(|_| "--escalate".to_owned()));
    words.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Options, StorePlan};
    use crate::model::StoreKind;

    #[test]
    fn the_command_says_what_was_asked_for_and_no_password() {
        let store = |url: &str| StorePlan { url: url.into(), time_zone: Some(chrono_tz::Tz::Europe__Berlin) };
        let plan = RunPlan {
            stores: Pair::new(store("postgres://app:secret@db/shop"), store("b.db")),
            tables: Some(vec![TableRequest {
                names: Pair::new("orders".into(), "Orders".into()),
                key: Some(vec!["id".into()]),
                filters: Pair::new(Some("id < 5".into()), Some("id < 5".into())),
                ..Default::default()
            }]),
            defaults: TableRequest::default(),
            options: Options::default(),
        };
        let identity = |url: &str| StoreIdentity { kind: StoreKind::Sqlite, url: url.into() };
        let stores = Pair::new(identity("postgres://app@db/shop"), identity("b.db"));
        assert_eq!(
            repeat_command(&plan, &stores),
            "tieout diff postgres://app@db/shop b.db --table orders=Orders --key id --where 'id < 5' --time-zone Europe/Berlin"
        );
    }
}
