"""What `foreman backtest` and `foreman replay` leave in files: a page for people, rows for a spreadsheet."""
