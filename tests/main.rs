//! The integration tests: the built binary against INTERFACE.md, on real stores.
//!
//! Everything is one test binary, so that the throw-away servers are started once. `servers` starts them, `binary` runs
//! tieout and reads what it wrote; each of the other rooms holds the cases of one promise.

mod bad_input;
mod binary;
mod causes;
mod chinook;
mod commands;
mod conformance;
mod damage;
mod faults;
mod gate;
mod layers;
mod load;
mod machines;
mod moving;
mod never_equal;
mod oracle;
mod pairs;
mod proxy;
mod report;
mod result;
mod rules;
mod sampling;
mod schema;
mod servers;
mod sqlite;
mod types;
mod values;
mod valve;
mod verify;
