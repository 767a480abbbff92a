"""The simulated company that ships with Leadpact: Halden Software. Every figure of it is simulated.

It exists so that a newcomer has something to look at, and so that tests can compare what the
model says with a truth that is known, which no real history offers.
"""

from training.sample.company import START, SampleCompany, simulate, start_for
from training.sample.write import write_workspace

__all__ = ["START", "SampleCompany", "simulate", "start_for", "write_workspace"]
