"""Loads the CSV file of `orders` into a new SQLite file. Usage: csv_to_sqlite.py CSV SQLITE"""

import csv
import sqlite3
import sys

source, target = sys.argv[1:]
database = sqlite3.connect(target)
database.executescript("PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -2000000;")
with open(source, newline="") as file:
    rows = csv.reader(file)
    keys = next(rows)[:-6]
    columns = """customer INT, status VARCHAR(12), total NUMERIC(12,2), note TEXT, ordered_at TIMESTAMP,
        shipped_at TIMESTAMP"""
    if keys == ["id"]:
        database.execute(f"CREATE TABLE orders (id INTEGER PRIMARY KEY, {columns})")
    else:
        typed = ", ".join(f"{name} TEXT" for name in keys)
        database.execute(f"CREATE TABLE orders ({typed}, {columns}, PRIMARY KEY ({', '.join(keys)}))")
    database.executemany(
        f"INSERT INTO orders VALUES ({', '.join('?' * (len(keys) + 6))})",
        # An empty field is NULL, as PostgreSQL writes it; only the last column has any.
        ((*row[:-1], row[-1] or None) for row in rows),
    )
database.commit()
database.execute("ANALYZE")
database.commit()
