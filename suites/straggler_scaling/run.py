"""One run: rounds of turns, in which ranks over the table sleep for their drawn times."""
