"""The simulated company that ships with Leadpact: Halden Software. Every figure of it is simulated.

It exists so that a newcomer has something to look at, and so that tests can compare what the
model says with a truth that is known, which no real history offers.
"""

from training.sample.company import SampleCompany, simulate
from training.sample.write import write_workspace

__all__ = ["SampleCompany", "simulate", "write_workspace"]
