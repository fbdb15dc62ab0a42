//! `columns` of the config: the rules as written become the rules as meant.

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::Reader;
use super::nearest::did_you_mean;
use super::shape::{Text, WrittenColumn, WrittenTolerance};
use super::values::{NullIs, Number, SetWord, UuidWord};
use crate::canonical::rules::{ReadAs, Rules, Words};
use crate::canonical::{Tolerance, time};
use crate::config::ColumnRequest;
use crate::error::{Error, Result};
use crate::model::{Pair, Place, is_pattern};

impl Reader<'_> {
    /// The column requests of one list. `strict`: whether they are asked of one table, which must have the columns.
    pub(super) fn columns(&self, columns: &[Spanned<WrittenColumn>], strict: bool) -> Result<Vec<ColumnRequest>> {
        let mut requests: Vec<ColumnRequest> = Vec::with_capacity(columns.len());
        for column in columns {
            let place = self.document.place(column.span());
            let request = self.column(column.get_ref(), &place, strict)?;
            if requests.iter().any(|earlier| earlier.source == request.source) {
                return Err(Error::usage(format!("the column {:?} is listed twice", request.source)).at(place));
            }
            requests.push(request);
        }
        Ok(requests)
    }

    fn column(&self, column: &WrittenColumn, place: &str, strict: bool) -> Result<ColumnRequest> {
        let source = self.not_empty(&column.source, "source")?;
        let is_pattern = is_pattern(&source);
        if is_pattern {
            self.check_pattern(&source, &column.source)?;
            for (key, text) in
                [("target", &column.target), ("source_expr", &column.source_expr), ("target_expr", &column.target_expr)]
            {
                if let Some(text) = text {
                    return Err(
                        self.at(Error::usage(format!("{key:?} needs the name of one column, not a pattern")), text)
                    );
                }
            }
        }
        let text = |text: &Option<Text>, key: &str| text.as_ref().map(|t| self.not_empty(t, key)).transpose();
        Ok(ColumnRequest {
            source,
            target: text(&column.target, "target")?,
            strict: strict && !is_pattern,
            time_zone: self.zone(column.time_zone.as_ref())?,
            ignore: text(&column.ignore, "ignore")?,
            rules: self.rules(column, place)?,
            tolerance: column.tolerance.as_ref().map(|written| self.tolerance(written)).transpose()?,
            expressions: Pair::new(
                text(&column.source_expr, "source_expr")?,
                text(&column.target_expr, "target_expr")?,
            ),
            place: Place(place.to_owned()),
        })
    }

    fn rules(&self, column: &WrittenColumn, place: &str) -> Result<Rules> {
        let scale = column.scale.as_ref().map(|scale| {
            u16::try_from(*scale.get_ref()).ok().filter(|scale| *scale <= SCALE_MAX).ok_or_else(|| {
                Error::usage(format!("\"scale\" must be between 0 and {SCALE_MAX}"))
                    .at(self.document.place(scale.span()))
            })
        });
        let rules = Rules {
            null_is: column.null_is.as_ref().map(|NullIs(all)| all.clone()).unwrap_or_default(),
            trim: self.choice(&column.trim, "trim", &["both", "left", "right", "unicode"])?,
            case: self.choice(&column.case, "case", &["ignore"])?,
            unicode: self.choice(&column.unicode, "unicode", &["nfc", "nfkc"])?,
            eol: self.choice(&column.eol, "eol", &["lf"])?,
            scale: scale.transpose()?,
            precision: self.choice(&column.precision, "precision", &["s", "ms", "us"])?,
            round: self.choice(&column.round, "round", &["half_up", "half_even", "truncate"])?,
            ambiguous: self.choice(&column.ambiguous, "ambiguous", &["earliest", "latest"])?,
            zero_date: self.date_or(&column.zero_date, "zero_date", "null")?,
            infinity: self.date_or(&column.infinity, "infinity", "max")?,
            epoch: self.choice(&column.epoch, "epoch", &["s", "ms", "us", "ns"])?,
            reading: self.reading(column, place)?,
        };
        if let Some(round) = column.round.as_ref().filter(|_| rules.scale.is_none() && rules.precision.is_none()) {
            let error = Error::usage("\"round\" says how, but neither \"scale\" nor \"precision\" says to what");
            return Err(self.at(error, round));
        }
        Ok(rules)
    }

    fn reading(&self, column: &WrittenColumn, place: &str) -> Result<Option<ReadAs>> {
        let mut all = Vec::new();
        all.extend(column.json.filter(|json| *json).map(|_| ReadAs::Json));
        match column.uuid {
            Some(UuidWord::Plain(true)) => all.push(ReadAs::Uuid),
            Some(UuidWord::Swapped) => all.push(ReadAs::UuidSwapped),
            _ => {}
        }
        match &column.set {
            Some(SetWord::Plain(true)) => all.push(ReadAs::Set(",".into())),
            Some(SetWord::Between(between)) => all.push(ReadAs::Set(between.clone())),
            _ => {}
        }
        if let Some(words) = &column.bool {
            check_words(words).map_err(|e| e.at(place))?;
            all.push(ReadAs::Bool(words.clone()));
        }
        let binary: Option<String> = self.choice(&column.binary, "binary", &["hex", "base64"])?;
        all.extend(binary.map(|word| if word == "hex" { ReadAs::Hex } else { ReadAs::Base64 }));
        if all.len() > 1 {
            return Err(Error::usage(
                "a column can be read as one of json, uuid, bool, set and binary, not as several",
            )
            .at(place));
        }
        Ok(all.pop())
    }

    fn tolerance(&self, written: &Spanned<WrittenTolerance>) -> Result<Tolerance> {
        let place = || self.document.place(written.span());
        let bound = |number: &Option<Number>, key: &str| {
            let bound = |Number(text): &Number| {
                Tolerance::bound(text).ok_or_else(|| {
                    Error::usage(format!("{key:?} of a tolerance must be a number, 0 or more")).at(place())
                })
            };
            number.as_ref().map(bound).transpose()
        };
        let WrittenTolerance { abs, rel, ulp } = written.get_ref();
        let tolerance = Tolerance { abs: bound(abs, "abs")?, rel: bound(rel, "rel")?, ulp: *ulp };
        if tolerance == Tolerance::default() {
            return Err(Error::usage("a tolerance without a bound")
                .at(place())
                .hint("write { abs = 0.01 }, rel or ulp"));
        }
        Ok(tolerance)
    }

    /// One of a few words.
    fn choice<T: DeserializeOwned>(&self, text: &Option<Text>, key: &str, known: &[&str]) -> Result<Option<T>> {
        let Some(text) = text else { return Ok(None) };
        let word = text.get_ref();
        let chosen = serde_json::from_value(serde_json::Value::String(word.clone())).ok();
        match chosen.filter(|_| known.contains(&word.as_str())) {
            Some(chosen) => Ok(Some(chosen)),
            None => {
                let near = did_you_mean(word, known.iter().copied());
                let error = Error::usage(format!("unknown {key} {word:?}{near}"));
                Err(self.at(error, text).hint(format!("{key} is one of {}", known.join(", "))))
            }
        }
    }

    /// A date or time, or one word.
    fn date_or(&self, text: &Option<Text>, key: &str, word: &str) -> Result<Option<String>> {
        let Some(text) = text else { return Ok(None) };
        let written = text.get_ref();
        if written != word && time::parse_timestamp(written).is_none() {
            let error = Error::usage(format!("{key:?} is neither {word:?} nor a date"));
            return Err(self.at(error, text).hint("dates are written 2024-02-29 or 2024-02-29 12:34:56"));
        }
        Ok(Some(written.clone()))
    }

    pub(super) fn check_pattern(&self, pattern: &str, text: &Text) -> Result<()> {
        glob::Pattern::new(pattern)
            .map(|_| ())
            .map_err(|e| self.at(Error::usage(format!("{pattern:?} is no pattern: {}", e.msg)), text))
    }
}

/// No type has more digits after the point.
const SCALE_MAX: u16 = 100;

fn check_words(words: &Words) -> Result<()> {
    if let Some(word) = words.yes.iter().find(|word| words.no.contains(word)) {
        return Err(Error::usage(format!("{word:?} is listed for true and for false")));
    }
    if words.yes.is_empty() && words.no.is_empty() {
        return Err(Error::usage("\"bool\" lists no words").hint("write bool = { true = [\"yes\"], false = [\"no\"] }"));
    }
    Ok(())
}
