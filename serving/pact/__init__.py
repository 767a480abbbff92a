"""The pact: editions of the rulebook that both teams sign, and what follows from them."""
