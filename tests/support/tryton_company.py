"""Run by the Python that has trytond: a new company, and an employee who sells for it.

Usage: tryton_company.py CONFIG DATABASE
"""

from __future__ import annotations

import sys

from proteus import Model, config
from trytond.modules.company.tests.tools import create_company

told = config.set_trytond(f"sqlite:///{sys.argv[2]}", config_file=sys.argv[1])
create_company()
Party, Employee, User = (Model.get(n) for n in ("party.party", "company.employee", "res.user"))
(company,) = Model.get("company.company").find()
person = Party(name="A Seller")
person.save()
employee = Employee(party=person, company=company)
employee.save()
(user,) = User.find([("login", "=", "admin")])
user.employees.append(employee)
user.employee = employee
user.save()
