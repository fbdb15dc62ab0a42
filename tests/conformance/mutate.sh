#!/usr/bin/env bash
# Shows that the conformance kit can fail: breaks one rule of the canonical encoding at a time, on a copy of the tree, and runs
# the kit against each broken program. Exit code 0: every mutation was caught.
#
#   ci/test conformance --no-run          # builds the kit itself, if it is not built yet
#   tests/conformance/mutate.sh           # takes some minutes; writes mutations.txt beside it
#   tests/conformance/mutate.sh trim null # only these
#
# The broken rules are compiled in together, and TIEOUT_MUTANT chooses one of them when the program runs: one build, not
# one for each. None chosen, the program is whole, which the first run shows.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
copy=${MUTANT_TREE:-$(mktemp -d)}
record=$here/mutations.txt

mutants=( # name, then what is broken
    "end|a text does not end in its terminator: the length prefix is dropped"
    "escape|a zero byte within a text is not escaped"
    "tags|text and bytes share a tag"
    "case|text is folded to lower case"
    "trim|trailing blanks of a text are dropped"
    "null|NULL is encoded as the empty text"
    "zero|NULL is encoded as the number 0"
    "round|numbers are rounded to nine digits after the point"
    "double|whole numbers pass through a double"
    "single|doubles are rounded to single precision"
    "sign|numbers lose their sign"
    "signed_zero|-0.0 is not 0.0"
    "payload|each NaN has an encoding of its own"
    "seconds|times lose the fraction of their seconds"
    "misfit|a value that the type cannot hold is NULL"
    "unreadable|a value that cannot be read as the pair's type is NULL"
    "members|members of JSON are not put in order"
    "char|CHAR keeps its trailing blanks"
    "xor|digests of a range are joined by XOR"
    "fold|a local time that was twice is taken for the first of both"
)

edit() { # file, then a perl expression that must change it
    local before
    before=$(cksum "$copy/$1")
    perl -0pi -e "$2" "$copy/$1"
    [ "$before" != "$(cksum "$copy/$1")" ] || { echo "mutate.sh: nothing to change in $1: $2" >&2; exit 1; }
}

plant() {
    local is='crate::mutant::is'
    cp -r "$root"/{Cargo.toml,Cargo.lock,src,queries,reports} "$copy/"
    mkdir -p "$copy"/{tests,benches}
    # The manifest names targets that are not copied.
    perl -0pi -e 's/\n\[\[(test|bench|example)\]\].*?(?=\n\[|\z)//gs; s/(edition = .*)/$1\nautobenches = false\nautoexamples = false/' "$copy/Cargo.toml"
    cat >>"$copy/src/lib.rs" <<'RUST'

#[allow(missing_docs)]
pub mod mutant {
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<String> = OnceLock::new();
    fn chosen() -> &'static str {
        CHOSEN.get_or_init(|| std::env::var("TIEOUT_MUTANT").unwrap_or_default())
    }
    pub fn is(name: &str) -> bool {
        chosen() == name
    }
    pub fn any() -> bool {
        !chosen().is_empty()
    }
}
RUST
    local encode=src/canonical/encode.rs number=src/canonical/number.rs
    # The short ways past the encoder are closed, so that each rule stands in one place.
    edit src/canonical/row_column.rs 's/if misfits\.has\(&field\.name\)/if crate::mutant::any() || misfits.has(&field.name)/'
    edit $encode "s/(    out\.extend_from_slice\(rest\);\n)    (out\.extend_from_slice\(&\[0x00, 0x00\]\);)/\$1    if !$is(\"end\") { \$2 }/"
    edit $encode "s/out\.extend_from_slice\(&\[0x00, 0xFF\]\);/out.extend_from_slice(if $is(\"escape\") { &[0x00] } else { &[0x00, 0xFF] });/"
    edit $encode "s/(fn push_binary.*?\n)    out\.push\(BINARY\);/\$1    out.push(if $is(\"tags\") { TEXT } else { BINARY });/s"
    edit $encode "s/(fn push_text\(out: &mut Vec<u8>, text: &str\) \{\n)/\$1    let folded = text.to_lowercase();\n    let text = if $is(\"case\") { folded.as_str() } else if $is(\"trim\") { text.trim_end_matches(' ') } else { text };\n/"
    edit $encode "s/(\} else \{\n\s+)column\.bytes\.push\(NULL\);/\$1if $is(\"null\") { push_text(&mut column.bytes, \"\"); } else if $is(\"zero\") { number::push_i64(&mut column.bytes, 0); } else { column.bytes.push(NULL); }/"
    edit $encode "s/(fn push_misfit\(out: &mut Vec<u8>, text: &str\) \{\n)/\$1    if $is(\"misfit\") { return out.push(NULL); }\n/"
    edit $encode "s/(fn push_unreadable\(out: &mut Vec<u8>, push: impl FnOnce\(&mut Vec<u8>\)\) \{\n)/\$1    if $is(\"unreadable\") { return out.push(NULL); }\n/"
    edit $encode "s/(pub\(super\) fn float\(value: f64\).*?\n)/\$1    let value = if $is(\"single\") { f64::from(value as f32) } else { value };\n/"
    edit $encode "s/if value == 0\.0 \{ 0\.0 \}/if value == 0.0 && !$is(\"signed_zero\") { 0.0 }/"
    edit $encode "s/if value\.is_nan\(\) \{/if value.is_nan() && !$is(\"payload\") {/"
    edit $number "s/(pub\(super\) fn integer\(value: i64\).*?\n)/\$1    let value = if $is(\"double\") { (value as f64) as i64 } else if $is(\"sign\") { value.saturating_abs() } else { value };\n/"
    edit $number "s/(pub fn push_decimal128\(out: &mut Vec<u8>, unscaled: i128, scale: u32\) \{\n)/\$1    let unscaled = if $is(\"sign\") { unscaled.saturating_abs() } else { unscaled };\n    let (unscaled, scale) = if $is(\"round\") && scale > 9 { (unscaled \/ 10i128.pow(scale - 9), 9) } else { (unscaled, scale) };\n/"
    edit $number "s/(fn parse\(text: &str\) -> Option<Digits> \{\n)/\$1        let text = if $is(\"sign\") { text.trim_start_matches('-') } else { text };\n/"
    edit src/canonical/time.rs "s/(fn moment\(tag: u8, value: Moment\).*?\n)/\$1    let value = if $is(\"seconds\") { Moment { nanos: 0, ..value } } else { value };\n/"
    edit $number "s/in fraction\.chunks\(9\) \{/in fraction.chunks(9).take(if $is(\"round\") { 1 } else { usize::MAX }) {/"
    edit src/canonical/time.rs "s/(chrono::LocalResult::Ambiguous)\(\.\.\) => /\$1(first, _) if $is(\"fold\") => Ok(Moment { seconds: local.seconds - i64::from(first.fix().local_minus_utc()), nanos: local.nanos }),\n        chrono::LocalResult::Ambiguous(..) => /"
    edit src/canonical/json.rs "s/sorted\.sort_by\(/if !$is(\"members\") { sorted.sort_by(/; s/(sorted\.sort_by\(.*?\));/\$1; }/"
    edit src/canonical/batch.rs 's/value\.trim_end_matches\(\x27 \x27\)/value.trim_end_matches(|c| c == \x27 \x27 \&\& !crate::mutant::is("char"))/'
    edit src/model/rows.rs "s/self\.sum = self\.sum\.wrapping_add\((digest|other\.sum)\)/self.sum = if $is(\"xor\") { self.sum ^ \$1 } else { self.sum.wrapping_add(\$1) }/g"
}

cargo=${CARGO:-cargo} # for those who have to wait for their turn
root_target=${CARGO_TARGET_DIR:-$root/target}
export CARGO_TARGET_DIR=$root_target
kit=${KIT:-$(cd "$root" && $cargo test --locked --test main --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p')} # or a kit that has been built already
[ -n "$kit" ] || { echo "mutate.sh: the kit does not build" >&2; exit 1; }
case $kit in /*) ;; *) kit=$root/$kit ;; esac
if [ ! -x "$copy/broken" ]; then # MUTANT_TREE may name a tree that an earlier call has built
    plant
    (cd "$copy" && $cargo build --locked --bin tieout)
    # Apart from the folder that builds share, where the next build puts the whole program again.
    cp "$root_target/debug/tieout" "$copy/broken"
fi

# All stores but MariaDB: what the rules below do is the same there, and a run takes a third of the time.
export TIEOUT_BINARY=$copy/broken TIEOUT_KIT_STORES=postgres,sqlite,parquet,csv RUST_BACKTRACE=0
escaped=0 caught=0
try() { # name, what is broken
    local output=$copy/output.txt status=0
    TIEOUT_MUTANT=$1 "$kit" --exact conformance::every_case_gives_the_verdict_on_record_and_the_page_says_so --nocapture >"$output" 2>&1 || status=$?
    local cases
    cases=$(sed -n 's/^\([0-9]*\) cases deviate.*/\1/p' "$output")
    if [ "$1" = whole ]; then
        [ "$status" = 0 ] || { cat "$output" >&2; echo "mutate.sh: the kit fails without any mutation" >&2; exit 1; }
        echo "whole: nothing is broken, and the kit passes"
    elif [ "${cases:-0}" -gt 0 ]; then
        caught=$((caught + 1))
        echo "CAUGHT $1: $2: $cases cases, for example"
        grep -E '^  [A-Z][A-Za-z0-9_+]* [a-z]+-[a-z]+: ' "$output" | head -n 3 | cut -c1-160
    else
        escaped=$((escaped + 1))
        echo "ESCAPED $1: $2 (exit code $status)"
    fi
}

{
    echo "Mutations of the canonical encoding and what the conformance kit says of them (tests/conformance/mutate.sh)."
    echo
    try whole ""
    for mutant in "${mutants[@]}"; do
        name=${mutant%%|*}
        if [ $# = 0 ] || [[ " $* " == *" $name "* ]]; then
            try "$name" "${mutant#*|}"
        fi
    done
    echo
    echo "$caught caught, $escaped escaped."
} | tee "$copy/record.txt"
[ $# -gt 0 ] || cp "$copy/record.txt" "$record"
! grep -q '^ESCAPED' "$copy/record.txt"
