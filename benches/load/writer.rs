//! A write load on MariaDB or MySQL in the manner of `pgbench -N -R`: transactions at a fixed rate, one latency a line.
//!
//! `load_writer URL CLIENTS RATE SECONDS`: each transaction updates a row of `accounts`, reads it back and adds a row to
//! `history`. Latencies are microseconds from when a transaction was due, so that one that waits for its turn is late, too.

use std::error::Error;
use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, sleep_until};

/// Rows of `accounts`.
const ACCOUNTS: u64 = 1_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, clients, rate, seconds] = arguments.as_slice() else {
        return Err("usage: load_writer URL CLIENTS RATE SECONDS".into());
    };
    let (clients, rate, seconds): (u64, f64, f64) = (clients.parse()?, rate.parse()?, seconds.parse()?);
    let options = MySqlConnectOptions::from_str(url)?.disable_statement_logging();
    let (next, begun) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (mut connection, next) = (options.connect().await?, next.clone());
        tasks.push(tokio::spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = begun + Duration::from_secs_f64(number as f64 / rate);
                if (due - begun).as_secs_f64() >= seconds {
                    return Ok::<_, sqlx::Error>(latencies);
                }
                sleep_until(due).await;
                // Spread over all accounts, the same in every run.
                transaction(&mut connection, 1 + number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % ACCOUNTS).await?;
                latencies.push(due.elapsed().as_micros());
            }
        }));
    }
    let mut lines = String::new();
    for task in tasks {
        task.await??.iter().for_each(|latency| lines.push_str(&format!("{latency}\n")));
    }
    Ok(std::io::stdout().write_all(lines.as_bytes())?)
}

async fn transaction(connection: &mut MySqlConnection, account: u64) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let update = "UPDATE accounts SET balance = balance + ? WHERE id = ?";
    sqlx::query(update).bind(7).bind(account).execute(&mut *transaction).await?;
    sqlx::query("SELECT balance FROM accounts WHERE id = ?").bind(account).fetch_one(&mut *transaction).await?;
    let insert = "INSERT INTO history (account, delta, at) VALUES (?, ?, NOW(6))";
    sqlx::query(insert).bind(account).bind(7).execute(&mut *transaction).await?;
    transaction.commit().await
}
