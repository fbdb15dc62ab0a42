"""Runs one SQL statement in DuckDB on two threads and prints its rows. Usage: duckdb_sql.py SQL [MEMORY_LIMIT]"""

import sys

import duckdb

connection = duckdb.connect()
connection.execute("SET threads = 2")
if len(sys.argv) > 2:
    connection.execute(f"SET memory_limit = '{sys.argv[2]}'")
for row in connection.execute(sys.argv[1]).fetchall():
    print(*row)
